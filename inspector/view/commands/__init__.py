"""Commands from a page to a line: given once, waited for beside the page, with the person's name."""
