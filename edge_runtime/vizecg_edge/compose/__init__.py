"""The one sheet that networks see, composed of what a page prints.

``vizecg_edge.compose.page.compose`` is its face.
"""
