"""The web application: Dash pages over immutable releases. It never sees the warehouse or the pipelines."""
