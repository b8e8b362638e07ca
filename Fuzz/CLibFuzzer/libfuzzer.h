// The entry that libFuzzer offers to programs with a main of their own; the toolchain ships it without a header.
#ifndef SIOSCOPE_LIBFUZZER_H
#define SIOSCOPE_LIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
