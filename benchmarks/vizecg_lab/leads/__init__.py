"""Reading the leads of a page: other people's printouts, drawn pages, known photographs."""
