"""The colours of all pages and charts, light and dark."""

THEMES = {
    "light": {
        "page": "#faf7f4", "card": "#ffffff", "text": "#241f1c", "soft": "#635a54",
        "line": "#e3dad3", "accent": "#b4350f", "second": "#1d5f8a", "muted": "#8a817c",
        "good": "#1b7a43", "bad": "#b3261e", "low": "#fbeee6", "high": "#7d2508",
    },
    "dark": {
        "page": "#171412", "card": "#211d1a", "text": "#f3ece7", "soft": "#bcb0a8",
        "line": "#3d3631", "accent": "#ff8a5c", "second": "#6cb6e8", "muted": "#9c928b",
        "good": "#5fcf8e", "bad": "#ff8f86", "low": "#33251e", "high": "#ffb08c",
    },
}  # fmt: skip
"""The colours of both themes, of pages and charts."""
