/*
 * bench_tables - exemption tables of ten thousand, one million and ten million keys: made from text by the
 * command, and looked up for clients that are in them and clients that are not. For comparison: the bare
 * look-up of one key in libcdb. Our look-up does more: an address, its verified name and the domains above
 * that, and the prefixes.
 *
 * Each look-up is for another client, so that a large table is in memory but not in the processor's cache, as
 * in real use.
 */
#include "bench.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cdb.h>

#include "core/table/table.h"

enum { SIZES = 3, LANES = 4, ASKED = 1 << 16, ROUNDS = 31 };

struct asked {
    struct ip ip;
    char key[32]; /* "client:192.0.2.1" */
    unsigned key_size;
    char name[48]; /* verified */
    size_t name_size;
};

struct subject {
    uint32_t keys;
    struct table *table;
    struct cdb cdb;
    struct asked *present, *absent;
    unsigned next[LANES];
    double make_seconds;
    long make_kb;
    double file_mb;
};

/* Different numbers give different addresses: multiplication by an odd number loses nothing. */
static uint32_t address(uint32_t number)
{
    return number * 2654435761u;
}

/* Reserved for prefixes, so that clients outside the table really are outside: 10.0.0.0/8 and 172.16.0.0/12. */
static int is_reserved(uint32_t a)
{
    return a >> 24 == 10 || a >> 20 == 0xac1;
}

static void write_key(FILE *f, uint32_t i)
{
    uint32_t a = address(i);
    switch (i % 10) {
    default:
        fprintf(f, "%u.%u.%u.%u all\n", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
        break;
    case 6:
    case 7:
        fprintf(f, ".mail%u.example.net headers message-id\n", i);
        break;
    case 8:
        fprintf(f, "2a%02x:%x:%x::/48 all\n", i >> 16 & 255, i & 0xffff, i >> 24);
        break;
    case 9:
        fprintf(f, "from:@partner%u.example.org subject\n", i);
    }
}

static void write_text(const char *path, uint32_t keys)
{
    FILE *f = fopen(path, "w");
    if (!f)
        bench_fail("cannot write %s", path);
    fputs("10.1.2.0/24 all\n172.16.0.0/16 helo\n10.32.0.0/11 rcpt\n", f);
    for (uint32_t i = 0; i + 3 < keys; i++)
        write_key(f, i);
    if (fclose(f) != 0)
        bench_fail("cannot write %s", path);
}

static void make(struct subject *s, const char *command, const char *text, const char *table)
{
    struct rusage used;
    int status;
    double from = bench_now_us(CLOCK_MONOTONIC);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(open("/dev/null", O_WRONLY), 1);
        dup2(1, 2);
        execl(command, command, "table", "make", text, table, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid || status != 0)
        bench_fail("%s table make failed", command);
    s->make_seconds = (bench_now_us(CLOCK_MONOTONIC) - from) / 1e6;
    s->make_kb = used.ru_maxrss;
}

static struct asked asked_about(uint32_t number)
{
    struct asked q;
    uint32_t a = address(number);
    q.key_size = (unsigned)snprintf(q.key, sizeof q.key, "client:%u.%u.%u.%u", a >> 24, a >> 16 & 255,
                                    a >> 8 & 255, a & 255);
    if (!ip_parse(text_of(q.key + 7, q.key_size - 7), &q.ip))
        bench_fail("no address: %s", q.key);
    q.name_size =
        (size_t)snprintf(q.name, sizeof q.name, "host%u.dynamic.provider%u.example.com", number, number % 977);
    return q;
}

static void choose(struct subject *s)
{
    uint64_t random = 88172645463325252u;
    s->present = calloc(ASKED, sizeof *s->present);
    s->absent = calloc(ASKED, sizeof *s->absent);
    if (!s->present || !s->absent)
        bench_fail("out of memory");
    for (unsigned n = 0; n < ASKED;) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint32_t number = (uint32_t)((random >> 20) % (s->keys - 3));
        uint32_t stranger = number + 40000000;
        if (number % 10 >= 6 || is_reserved(address(number)) || is_reserved(address(stranger)))
            continue;
        s->present[n] = asked_about(number);
        s->absent[n++] = asked_about(stranger);
    }
}

static void ask(struct subject *s, unsigned lane, const struct asked *list, int expected, unsigned times)
{
    struct text value;
    while (times--) {
        const struct asked *q = &list[s->next[lane]++ % ASKED];
        if (table_client(s->table, &q->ip, text_of(q->name, q->name_size), &value, NULL) != expected)
            bench_fail("wrong answer about %s", q->key);
    }
}

static void ask_bare(struct subject *s, unsigned lane, const struct asked *list, int expected, unsigned times)
{
    while (times--) {
        const struct asked *q = &list[s->next[lane]++ % ASKED];
        if (cdb_find(&s->cdb, q->key, q->key_size) != expected)
            bench_fail("libcdb: wrong answer about %s", q->key);
    }
}

static void run_present(void *context, unsigned times)
{
    struct subject *s = context;
    ask(s, 0, s->present, 1, times);
}

static void run_absent(void *context, unsigned times)
{
    struct subject *s = context;
    ask(s, 1, s->absent, 0, times);
}

static void run_bare_present(void *context, unsigned times)
{
    struct subject *s = context;
    ask_bare(s, 2, s->present, 1, times);
}

static void run_bare_absent(void *context, unsigned times)
{
    struct subject *s = context;
    ask_bare(s, 3, s->absent, 0, times);
}

static void subject_open(struct subject *s, uint32_t keys, const char *command, const char *folder)
{
    char text[512], path[512], reason[256];
    s->keys = keys;
    snprintf(text, sizeof text, "%s/%u.txt", folder, keys);
    snprintf(path, sizeof path, "%s/%u.cdb", folder, keys);
    write_text(text, keys);
    make(s, command, text, path);
    unlink(text);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (table_open(path, &s->table, reason, sizeof reason) != 0 || fd < 0 || cdb_init(&s->cdb, fd) != 0)
        bench_fail("%s: %s", path, reason);
    if (table_count(s->table) != keys)
        bench_fail("%s has %llu keys", path, (unsigned long long)table_count(s->table));
    s->file_mb = (double)table_map(s->table)->size / 1e6;
    close(fd);
    unlink(path);
    choose(s);
}

int main(int argc, char **argv)
{
    static const uint32_t size[SIZES] = {10000, 1000000, 10000000};
    static struct subject subject[SIZES];
    static struct lane lane[SIZES][LANES];
    void (*const run[LANES])(void *, unsigned) = {run_present, run_absent, run_bare_present, run_bare_absent};
    if (argc != 3)
        bench_fail("usage: bench_tables FOLDER GATEPOST");
    for (unsigned i = 0; i < SIZES; i++) {
        subject_open(&subject[i], size[i], argv[2], argv[1]);
        for (unsigned k = 0; k < LANES; k++)
            lane[i][k] = (struct lane){.run = run[k], .context = &subject[i]};
        for (unsigned k = 0; k < LANES; k++)
            run[k](&subject[i], ASKED); /* maps the pages */
    }
    bench_race(lane[0], (size_t)SIZES * LANES, ROUNDS, 2000);

    printf("Exemption tables: made by 'gatepost table make', then random clients with a verified name\n\n");
    printf(
        "      keys |   made in     memory       file |  present   absent | libcdb, one key: present   absent |"
        " ours to libcdb\n");
    for (unsigned i = 0; i < SIZES; i++) {
        const struct lane *l = lane[i];
        printf("  %8u | %7.2f s  %6.0f MB  %6.0f MB | %5.0f ns %5.0f ns |                %5.0f ns %5.0f ns |"
               " x%.1f, x%.1f\n",
               size[i], subject[i].make_seconds, (double)subject[i].make_kb / 1e3, subject[i].file_mb,
               1e3 * l[0].median_us, 1e3 * l[1].median_us, 1e3 * l[2].median_us, 1e3 * l[3].median_us,
               l[0].median_us / l[2].median_us, l[1].median_us / l[3].median_us);
    }
    for (unsigned i = 0; i < SIZES; i++) {
        table_close(&subject[i].table);
        cdb_free(&subject[i].cdb);
        free(subject[i].present);
        free(subject[i].absent);
    }
    return 0;
}
