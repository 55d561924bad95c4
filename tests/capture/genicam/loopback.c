/* Lets a process see the loopback interface under the address in LOOPBACK_ADDRESS: Aravis' fake camera listens only at addresses of
   interfaces, and there is one fake camera an address. Preloaded into that process alone; nothing of the machine is altered. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>

static void set(struct sockaddr *address, const char *wanted)
{
    if (address && address->sa_family == AF_INET)
        inet_pton(AF_INET, wanted, &((struct sockaddr_in *)address)->sin_addr);
}

int getifaddrs(struct ifaddrs **list)
{
    int (*system_getifaddrs)(struct ifaddrs **) = dlsym(RTLD_NEXT, "getifaddrs");
    const char *wanted = getenv("LOOPBACK_ADDRESS");
    int failed = system_getifaddrs(list);

    for (struct ifaddrs *one = *list; !failed && wanted && one; one = one->ifa_next)
        if (one->ifa_flags & IFF_LOOPBACK) {
            set(one->ifa_addr, wanted);
            set(one->ifa_broadaddr, wanted);
        }
    return failed;
}
