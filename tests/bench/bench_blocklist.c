/*
 * What the blocklist costs: looking up a client that is listed and one that is not, among a thousand, 65,536
 * and a million entries, beside a bare read of one line at random of a map as large as the words; adding, with
 * the lock; opening in a fresh process. Each look-up waits for the one before it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/state/blocklist.h"

enum { NOW = 1058000000, LOOKS = 50000, ROUNDS = 60, OPENS = 300 };

static char folder[] = "/tmp/gatepost-bench-XXXXXX";
static char reason[300];

static double nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static struct ip client(uint32_t n)
{
    return (struct ip){{(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}, 0};
}

static struct blocklist *open_list(uint32_t entries)
{
    struct blocklist *list;
    if (blocklist_open(folder, entries, 32, 64, 0, &list, reason, sizeof reason) != 1) {
        fprintf(stderr, "%s\n", reason);
        exit(1);
    }
    return list;
}

static double fill(struct blocklist *list, uint32_t entries, uint32_t seconds)
{
    double begun = nanoseconds();
    for (uint32_t n = 0; n < entries; n++) {
        struct ip ip = client(n);
        struct block_outcome outcome;
        struct block_request r = {.client = &ip,
                                  .now = NOW,
                                  .steps = {1, 2, 3},
                                  .fixed_seconds = seconds,
                                  .cause = TEXT("gatepost.conf:12")};
        while (blocklist_add(list, &r, &outcome, reason, sizeof reason) != 0)
            continue;
    }
    return (nanoseconds() - begun) / entries;
}

/* The best of some rounds: what else the machine does is not of interest. */
static double look(const struct blocklist *list, uint32_t entries, uint32_t from)
{
    uint64_t random = 88172645463325252u;
    double best = 1e9;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t found = 0;
        double begun = nanoseconds();
        for (unsigned i = 0; i < LOOKS; i++) {
            struct ip ip = client(from + (uint32_t)((next_random(&random) + found) % entries));
            found += (uint64_t)blocklist_lookup(list, &ip, NOW, NULL);
        }
        double each = (nanoseconds() - begun) / LOOKS;
        best = each < best ? each : best;
        if (found != (from ? 0 : LOOKS))
            fprintf(stderr, "%llu found\n", (unsigned long long)found);
    }
    return best;
}

/* One line at random of a file's map. */
static double bare_read(size_t lines)
{
    char path[100];
    uint64_t random = 88172645463325252u, sum = 0;
    snprintf(path, sizeof path, "%s/bare", folder);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || posix_fallocate(fd, 0, (off_t)(lines * 64)) != 0)
        exit(1);
    uint64_t *p = mmap(NULL, lines * 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        exit(1);
    memset(p, 0, lines * 64);
    double best = 1e9;
    for (unsigned round = 0; round < ROUNDS; round++) {
        double begun = nanoseconds();
        for (unsigned i = 0; i < LOOKS; i++)
            sum += p[(next_random(&random) + sum) % lines * 8];
        double each = (nanoseconds() - begun) / LOOKS + (double)sum;
        best = each < best ? each : best;
    }
    munmap(p, lines * 64);
    close(fd);
    unlink(path);
    return best;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Opening, and opening with a look-up, in a process that has not done it before: the medians. */
static void fresh_process(uint32_t entries, double *opened, double *looked)
{
    int channel[2];
    double first[OPENS], both[OPENS];
    for (unsigned i = 0; i < OPENS; i++) {
        double took[2] = {0, 0};
        if (pipe(channel) != 0)
            exit(1);
        pid_t child = fork();
        if (child == 0) {
            struct ip ip = client(i);
            double begun = nanoseconds();
            struct blocklist *list = open_list(entries);
            took[0] = nanoseconds() - begun;
            blocklist_lookup(list, &ip, NOW, NULL);
            took[1] = nanoseconds() - begun;
            if (write(channel[1], took, sizeof took) < 0)
                _exit(1);
            _exit(0);
        }
        if (read(channel[0], took, sizeof took) < 0)
            exit(1);
        waitpid(child, NULL, 0);
        close(channel[0]);
        close(channel[1]);
        first[i] = took[0] / 1000;
        both[i] = took[1] / 1000;
    }
    qsort(first, OPENS, sizeof *first, compare);
    qsort(both, OPENS, sizeof *both, compare);
    *opened = first[OPENS / 2];
    *looked = both[OPENS / 2];
}

/* The longer of two processes that look at once, while a third renews entries without a pause. */
static double look_beside_writer(const struct blocklist *list, uint32_t entries, uint32_t from)
{
    int channel[2];
    double took = 0, longest = 0;
    pid_t readers[2], writer = fork();
    if (writer == 0) {
        struct blocklist *mine = open_list(entries);
        for (uint32_t seconds = 86401;; seconds++)
            fill(mine, entries, seconds);
    }
    if (pipe(channel) != 0)
        exit(1);
    for (unsigned i = 0; i < 2; i++) {
        readers[i] = fork();
        if (readers[i] == 0) {
            took = look(list, entries, from);
            _exit(write(channel[1], &took, sizeof took) == (ssize_t)sizeof took ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        if (read(channel[0], &took, sizeof took) != (ssize_t)sizeof took)
            exit(1);
        longest = took > longest ? took : longest;
        waitpid(readers[i], NULL, 0);
    }
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    close(channel[0]);
    close(channel[1]);
    return longest;
}

static void remove_file(const char *name)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

int main(void)
{
    static const uint32_t sizes[] = {1000, 65536, 1000000};
    if (!mkdtemp(folder))
        return 1;
    printf("%9s %8s %8s %8s %16s %16s %8s %10s %12s\n", "entries", "bare", "absent", "present",
           "absent, 2+writer", "present, 2+writer", "add", "open", "open+lookup");
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint32_t n = sizes[i], absent = 0x40000000;
        double opened, looked;
        struct blocklist *list = open_list(n);
        double added = fill(list, n, 86400);
        look(list, n, absent);
        double absent_alone = look(list, n, absent), present_alone = look(list, n, 0);
        double absent_busy = look_beside_writer(list, n, absent), present_busy = look_beside_writer(list, n, 0);
        fresh_process(n, &opened, &looked);
        printf("%9u %5.0f ns %5.0f ns %5.0f ns %13.0f ns %13.0f ns %5.1f us %7.1f us %9.1f us\n", n,
               bare_read((size_t)n * 3 / 16), absent_alone, present_alone, absent_busy, present_busy,
               added / 1000, opened, looked);
        blocklist_close(&list);
        remove_file("blocklist");
    }
    remove_file("lock");
    rmdir(folder);
    return 0;
}
