"""The workbench in the browser: a component, the JSON routes that it calls, and the tab."""
