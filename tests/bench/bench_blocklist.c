/*
 * bench_blocklist - the cost of the blocklist with a thousand, 65,536 and a million entries, compared with
 * LMDB: looking up a client that is listed and one that is not, in one process, and in two at once while a
 * third writes; adding, with the lock; opening in a new process.
 *
 * The bare read is the minimum that any look-up needs: for a client that is not listed, one random cache line
 * of a file mapping as large as our state words; for a listed one, also one of the records. Every look-up and
 * every bare read is finished before the next begins.
 */
#include "bench.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_lists.h"

enum {
    STRANGERS = 0x40000000, /* numbers of clients that are never listed */
    ROUNDS = 51,
    ROUND_US = 2000,
    BUSY_ROUNDS = 15,
    BUSY_ROUND_US = 20000, /* long enough for the writer to run too */
    ADD_ROUNDS = 25,
    ADDS = 10, /* in one round */
    OPENINGS = 201
};

enum where { ABSENT, PRESENT, WHERES };
enum { BARE = SUBJECTS, KINDS, LANES = WHERES * KINDS };

/* Shared by the processes that run at the same time. */
struct turns {
    pthread_barrier_t barrier;
    atomic_int written; /* the subject that the third process writes to */
    atomic_bool over;
    double median_us[2][LANES];
};

struct looks {
    struct lists *lists;
    struct turns *turns; /* NULL: no other process runs */
    enum where where;
    uint64_t random;
};

struct cost {
    double look_us[2][LANES]; /* alone; with another reader and a writer */
    double add_us[SUBJECTS];
    double open_us[SUBJECTS], open_and_look_us[SUBJECTS];
};

/* Finishes all earlier instructions and loads. Otherwise speculative execution of the next look-up would make
 * the result too good. */
static inline void finish(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_lfence();
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

static uint32_t below(uint64_t *random, uint32_t limit)
{
    *random ^= *random << 13, *random ^= *random >> 7, *random ^= *random << 17;
    return (uint32_t)((*random >> 32) * limit >> 32);
}

/* Two processes begin each round of a lane together, while the third writes to the list that they look up. */
static void take_turn(struct looks *looks, enum subject subject)
{
    if (!looks->turns)
        return;
    pthread_barrier_wait(&looks->turns->barrier);
    atomic_store(&looks->turns->written, subject);
}

static struct ip ask_about(struct looks *looks)
{
    uint32_t number = below(&looks->random, looks->lists->entries);
    finish();
    return client(number + (looks->where == ABSENT ? STRANGERS : 0));
}

static void run_ours(void *context, unsigned times)
{
    struct looks *looks = context;
    struct block_entry entry;
    take_turn(looks, OURS);
    while (times--) {
        struct ip ip = ask_about(looks);
        if (blocklist_lookup(looks->lists->ours, &ip, NOW, &entry) != (looks->where == PRESENT))
            bench_fail("blocklist: wrong answer");
    }
}

static void run_lmdb(void *context, unsigned times)
{
    struct looks *looks = context;
    struct lmdb_entry entry;
    take_turn(looks, LMDB);
    while (times--) {
        struct ip ip = ask_about(looks);
        if (lmdb_list_lookup(&looks->lists->lmdb, &ip, NOW, &entry) != (looks->where == PRESENT))
            bench_fail("LMDB: wrong answer");
    }
}

/* The address of the record depends on the word, which is 0: so the record is read after the word. */
static void run_bare(void *context, unsigned times)
{
    struct looks *looks = context;
    const struct lists *l = looks->lists;
    const volatile uint8_t *words = l->bare, *records = l->bare + (size_t)l->word_lines * LINE;
    take_turn(looks, OURS);
    while (times--) {
        uint32_t record = below(&looks->random, l->record_lines);
        finish();
        uint8_t word = words[(size_t)(record % l->word_lines) * LINE];
        if (looks->where == PRESENT && records[(size_t)(record ^ word) * LINE] != 0)
            bench_fail("bare read: wrong answer");
    }
}

static void prepare_looks(struct lists *l, struct turns *turns, struct lane *lanes, struct looks *looks)
{
    void (*const run[KINDS])(void *, unsigned) = {run_ours, run_lmdb, run_bare};
    for (unsigned i = 0; i < LANES; i++) {
        looks[i] = (struct looks){l, turns, i / KINDS, 88172645463325252u + (uint64_t)getpid()};
        lanes[i] = (struct lane){.run = run[i % KINDS], .context = &looks[i]};
    }
}

static void look_alone(struct lists *l, double *median_us, struct lane *lanes)
{
    static struct looks looks[LANES];
    prepare_looks(l, NULL, lanes, looks);
    for (unsigned i = 0; i < LANES; i++)
        lanes[i].run(&looks[i], l->entries); /* maps the pages */
    bench_race(lanes, LANES, ROUNDS, ROUND_US);
    for (unsigned i = 0; i < LANES; i++)
        median_us[i] = lanes[i].median_us;
}

static void look_beside(struct lists *l, struct turns *turns, unsigned me, const struct lane *alone)
{
    static struct looks looks[LANES];
    static struct lane lanes[LANES];
    prepare_looks(l, NULL, lanes, looks);
    for (unsigned i = 0; i < LANES; i++) {
        lanes[i].run(&looks[i], l->entries);
        lanes[i].times = alone[i].times * (BUSY_ROUND_US / ROUND_US);
        looks[i].turns = turns;
    }
    bench_race(lanes, LANES, BUSY_ROUNDS, BUSY_ROUND_US);
    for (unsigned i = 0; i < LANES; i++)
        turns->median_us[me][i] = lanes[i].median_us;
}

/* Each write changes the end of an entry. */
static void write_until_over(struct lists *l, struct turns *turns)
{
    uint64_t random = 362436069;
    for (uint32_t seconds = DAY + 1; !atomic_load(&turns->over); seconds++)
        add_one(l, (enum subject)atomic_load(&turns->written), below(&random, l->entries), seconds);
}

static void wait_for(pid_t pid)
{
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        bench_fail("a process failed");
}

/* The two readers. If one fails, the other stays at the barrier and the writer keeps writing. */
static void wait_for_both(const pid_t *pid)
{
    for (unsigned left = 2; left; left--) {
        int status;
        if (wait(&status) > 0 && status == 0)
            continue;
        for (unsigned i = 0; i < 3; i++)
            if (pid[i] > 0)
                kill(pid[i], SIGKILL);
        bench_fail("a process failed");
    }
}

/* Two processes look up at once while a third writes. The slower of the two counts. */
static void look_busy(struct lists *l, double *median_us, const struct lane *alone)
{
    pid_t pid[3];
    pthread_barrierattr_t shared;
    struct turns *turns = mmap(NULL, sizeof *turns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (turns == MAP_FAILED)
        bench_fail("out of memory");
    pthread_barrierattr_init(&shared);
    pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&turns->barrier, &shared, 2);
    for (unsigned i = 0; i < 3; i++) {
        pid[i] = fork();
        if (pid[i] != 0)
            continue;
        lists_open(l);
        if (i < 2)
            look_beside(l, turns, i, alone);
        else
            write_until_over(l, turns);
        lists_close(l);
        _exit(0);
    }
    wait_for_both(pid);
    atomic_store(&turns->over, true);
    wait_for(pid[2]);
    for (unsigned i = 0; i < LANES; i++)
        median_us[i] = turns->median_us[turns->median_us[1][i] > turns->median_us[0][i]][i];
    munmap(turns, sizeof *turns);
}

/* New clients, the same ones for both lists. */
static void add_new(struct lists *l, double *median_us)
{
    static double sample[SUBJECTS][ADD_ROUNDS];
    for (unsigned r = 0; r < ADD_ROUNDS; r++, l->added += ADDS)
        for (enum subject s = OURS; s < SUBJECTS; s++) {
            double from = bench_now_us(CLOCK_THREAD_CPUTIME_ID);
            for (uint32_t n = 0; n < ADDS; n++)
                add_one(l, s, l->added + n, DAY);
            sample[s][r] = (bench_now_us(CLOCK_THREAD_CPUTIME_ID) - from) / ADDS;
        }
    for (enum subject s = OURS; s < SUBJECTS; s++)
        median_us[s] = bench_median(sample[s], ADD_ROUNDS);
}

/* Runs in a process of its own. TOOK gets the time when the list was open, and the time when the first look-up
 * was done. */
static void open_once(struct lists *l, enum subject subject, uint32_t number, double *took)
{
    struct ip ip = client(number);
    struct block_entry entry;
    struct lmdb_entry lmdb_entry;
    const char *path = path_of(l, "lmdb");
    int found;
    double from = bench_now_us(CLOCK_THREAD_CPUTIME_ID);
    if (subject == OURS)
        l->ours = ours_open(l);
    else
        lmdb_list_open(&l->lmdb, path);
    took[0] = bench_now_us(CLOCK_THREAD_CPUTIME_ID) - from;
    if (subject == OURS)
        found = blocklist_lookup(l->ours, &ip, NOW, &entry);
    else
        found = lmdb_list_lookup(&l->lmdb, &ip, NOW, &lmdb_entry);
    took[1] = bench_now_us(CLOCK_THREAD_CPUTIME_ID) - from;
    if (!found)
        bench_fail("wrong answer after opening");
    if (subject == LMDB)
        lmdb_list_close(&l->lmdb); /* frees its place among the readers */
}

static void open_fresh(struct lists *l, struct cost *cost)
{
    static double opened[SUBJECTS][OPENINGS], looked[SUBJECTS][OPENINGS];
    uint64_t random = 521288629;
    double *took = mmap(NULL, 2 * sizeof *took, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (took == MAP_FAILED)
        bench_fail("out of memory");
    for (unsigned r = 0; r < OPENINGS; r++)
        for (enum subject s = OURS; s < SUBJECTS; s++) {
            uint32_t number = below(&random, l->entries);
            pid_t pid = fork();
            if (pid == 0) {
                open_once(l, s, number, took);
                _exit(0);
            }
            wait_for(pid);
            opened[s][r] = took[0];
            looked[s][r] = took[1];
        }
    for (enum subject s = OURS; s < SUBJECTS; s++) {
        cost->open_us[s] = bench_median(opened[s], OPENINGS);
        cost->open_and_look_us[s] = bench_median(looked[s], OPENINGS);
    }
    munmap(took, 2 * sizeof *took);
}

static struct cost measure(const char *folder, uint32_t entries)
{
    static const char *const files[] = {"blocklist", "lock", "lmdb", "lmdb-lock", "bare"};
    static struct lane alone[LANES];
    struct cost cost = {0};
    struct lists l = {.folder = folder, .entries = entries};
    lists_open(&l);
    fill(&l, entries - ADD_ROUNDS * ADDS);
    add_new(&l, cost.add_us);
    look_alone(&l, cost.look_us[0], alone);
    look_busy(&l, cost.look_us[1], alone);
    open_fresh(&l, &cost);
    lists_close(&l);
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++)
        unlink(path_of(&l, files[i]));
    return cost;
}

static void print_looks(uint32_t entries, const struct cost *cost)
{
    static const char *const processes[] = {"one", "two, and a writer"}, *const where[] = {"absent", "present"};
    for (unsigned p = 0; p < 2; p++)
        for (unsigned w = 0; w < WHERES; w++) {
            const double *us = &cost->look_us[p][(size_t)w * KINDS];
            printf("  %8u  %-17s  %-7s | %5.0f ns  %5.0f ns  %5.0f ns |  x%-5.1f         x%-5.1f%s\n", entries,
                   processes[p], where[w], 1e3 * us[BARE], 1e3 * us[OURS], 1e3 * us[LMDB], us[OURS] / us[BARE],
                   us[LMDB] / us[OURS], entries <= 65536 ? "        | under 100 ns" : "        |");
        }
}

static void print_row(uint32_t entries, const char *what, const double *us, const char *towards)
{
    printf("  %8u  %-26s | %6.1f us  %6.1f us |  x%-5.1f        |%s\n", entries, what, us[OURS], us[LMDB],
           us[LMDB] / us[OURS], towards);
}

int main(int argc, char **argv)
{
    static const uint32_t entries[] = {1000, 65536, 1000000};
    enum { SIZES = sizeof entries / sizeof *entries };
    struct cost cost[SIZES];
    if (argc != 2)
        bench_fail("usage: bench_blocklist FOLDER");
    for (unsigned i = 0; i < SIZES; i++)
        cost[i] = measure(argv[1], entries[i]);

    printf(
        "Blocklist: looking up random clients, beside bare reads of a file map as large and LMDB\n\n"
        "   entries  processes          client  |     bare      ours      LMDB |  ours to bare  LMDB to ours  "
        "| towards\n");
    for (unsigned i = 0; i < SIZES; i++)
        print_looks(entries[i], &cost[i]);
    printf("\nBlocklist: adding a new client, with the lock; opening in a fresh process\n\n"
           "   entries                             |      ours       LMDB |  LMDB to ours  | towards\n");
    for (unsigned i = 0; i < SIZES; i++) {
        print_row(entries[i], "adding", cost[i].add_us, "");
        print_row(entries[i], "opening", cost[i].open_us, " under 40 us");
        print_row(entries[i], "opening and first look-up", cost[i].open_and_look_us, "");
    }
    return 0;
}
