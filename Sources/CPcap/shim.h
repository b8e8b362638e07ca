/* libpcap, and the two system calls that no header of the C library declares. */
#include <pcap/pcap.h>
#include <sys/time.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The calling thread's capabilities, all of them given up. The C library has no header for this call, and libpcap does
   not need libcap. */
static inline int sioscope_drop_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}, {0, 0, 0}};
    return (int)syscall(SYS_capset, &header, none);
}

/* Bits of the capabilities in effect for the calling thread; -1 where the system does not say. */
static inline long long sioscope_effective_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capget, &header, sets) != 0) return -1;
    return (long long)sets[0].effective | (long long)sets[1].effective << 32;
}
