"""The page: Gradio and the browser. No algorithm lives here."""
