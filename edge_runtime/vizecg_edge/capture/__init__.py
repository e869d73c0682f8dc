"""Whatever holds a printed ECG -> upright RGB pictures: image files, pages, folders, videos, cameras."""

from vizecg_edge.capture.picture import Picture, decode, read_picture
from vizecg_edge.capture.shots import Shot, file_shots, read_file
from vizecg_edge.capture.sources import Source, array_shot, shots_of

__all__ = ["Picture", "Shot", "Source", "array_shot", "decode", "file_shots", "read_file", "read_picture", "shots_of"]
