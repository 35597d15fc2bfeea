"""LiWi Studio: one picture in, complete and editable layers out."""
