"""The managers' side of the loop: orders come in as workbooks, are worked by habit, and go back filled in."""
