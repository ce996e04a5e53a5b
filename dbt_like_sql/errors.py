"""What the project refuses, said once for all its modules.

Here: the error that every module of this folder raises. Not here: the checks that raise it.
"""


class ProjectError(Exception):
    """A project, model or declaration that cannot be used; the message names file, line, fault and remedy.

    Parameters
    ----------
    path
        File, relative to the project's folder.
    line
        Line in the file, from 1; None when the fault is the whole file's.
    fault
        What is wrong and what to do about it.
    """

    def __init__(self, path: str, line: int | None, fault: str) -> None:
        super().__init__(f"{path}:{line}: {fault}" if line else f"{path}: {fault}")
