// What the C library's own module leaves out: the settings of glibc's allocator.
#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif
