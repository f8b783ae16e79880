"""Headers of shared objects, as far as the checks of a build read them."""

_ELF = b"\x7fELF".ljust(18, b"\0")
X86_64, ARM64 = _ELF + b"\x3e\0", _ELF + b"\xb7\0"
