"""The workbench in a process of its own, to be killed: ``python -m tests.browser.serve_workbench FOLDER PORT``, on a copied database."""

import os
import sys
import threading
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from annotator.database import open_database
from annotator.stores import Stores
from tests.browser.workbench_app import WorkbenchApp


def serve(folder: Path, port: int) -> None:
    """Serve the database in ``folder`` on a loopback port; the cookie ``person`` says who asks."""
    app = WorkbenchApp(open_database(folder / "annotations.db"), Stores.below(folder), [])
    app.blocks().launch(
        server_name="127.0.0.1", server_port=port, quiet=True, footer_links=[], run_history=False, prevent_thread_lock=True,
        app_kwargs={"routes": app.routes()},
    )  # fmt: skip
    threading.Event().wait()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
