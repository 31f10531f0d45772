"""The web page of ``vfi serve``: videos and pictures in a browser. It needs Gradio."""
