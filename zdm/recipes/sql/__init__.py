"""Text and names of SQL that recipes share; knows no operation."""
