/* A disk that is slow or refuses, for one process: preloaded (LD_PRELOAD), it looks at files whose path has the text in DISK_FILES, and does what
   the file in DISK_FAULT says: "ok", "slow MS" (each commit to a write-ahead log, and each sync, takes so long), "write MS" (each write takes so
   long) or "fail ERRNO" (each write and sync is refused). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int about(int fd)
{
    const char *wanted = getenv("DISK_FILES");
    char link[64], path[4096];
    ssize_t length;

    if (!wanted)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return strstr(path, wanted) != NULL;
}

static void pause_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&left, &left) && errno == EINTR)
        ;
}

/* Whether to refuse; errno is set then. `commit`: whether this is the end of a commit, or a sync. */
static int refused(int fd, int commit)
{
    const char *file = getenv("DISK_FAULT");
    char text[64] = "", word[32] = "";
    long number = 0;
    int saved = errno, fault;

    if (!file || !about(fd))
        return 0;
    fault = open(file, O_RDONLY | O_CLOEXEC);
    if (fault < 0)
        return 0;
    ssize_t length = read(fault, text, sizeof text - 1);
    close(fault);
    errno = saved;
    if (length <= 0 || sscanf(text, "%31s %ld", word, &number) < 1)
        return 0;
    if (!strcmp(word, "fail")) {
        errno = (int)number;
        return 1;
    }
    if (!strcmp(word, "write") || (!strcmp(word, "slow") && commit))
        pause_ms(number);
    return 0;
}

/* The header of a frame in a write-ahead log has 24 bytes; the size of the database stands in that of the last frame of a commit. */
static int commits(const void *data, size_t size)
{
    const unsigned char *bytes = data;

    return size == 24 && (bytes[4] | bytes[5] | bytes[6] | bytes[7]);
}

#define SYSTEM(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return refused(fd, commits(data, size)) ? -1 : SYSTEM(pwrite)(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return refused(fd, commits(data, size)) ? -1 : SYSTEM(pwrite64)(fd, data, size, at);
}

ssize_t write(int fd, const void *data, size_t size)
{
    return refused(fd, 0) ? -1 : SYSTEM(write)(fd, data, size);
}

int fdatasync(int fd)
{
    return refused(fd, 1) ? -1 : SYSTEM(fdatasync)(fd);
}

int fsync(int fd)
{
    return refused(fd, 1) ? -1 : SYSTEM(fsync)(fd);
}
