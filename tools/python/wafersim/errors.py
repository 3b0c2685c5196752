"""The program's exit codes as exceptions; their text is what the program said."""


class WafersimError(Exception):
    """The program did not end well."""


class InputError(WafersimError):
    """The input is wrong: the message says where (exit code 2)."""


class DoesNotFit(WafersimError):
    """The workload does not fit: the message says what would (exit code 3)."""


class Fault(WafersimError):
    """A fault of the program, or a signal ended it (exit code 4)."""


_BY_CODE = {2: InputError, 3: DoesNotFit}


def error_of(code, message):
    return _BY_CODE.get(code, Fault)(message.strip() or f"wafersim ended with code {code}")
