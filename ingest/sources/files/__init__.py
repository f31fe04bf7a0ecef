"""Files in a bucket or a folder: feeds of any kind, and the exports of tills among them."""
