/*
 * Writers die at every moment: before each single store of each kind of write, and by kill -9 at random. What
 * had been written must be there, exactly, and the next writer goes on.
 */
#include "tests/unit/lib/case_folder.h"

#include "tests/unit/lib/rounds.h"
#include "tests/unit/lib/slots_hooks.h"

#include "core/state/blocklist.h"
#include "core/state/sightings.h"

enum { NOW = 1058000000, DAY = 86400 };

static char reason[300];
static unsigned stores;     /* so far */
static unsigned die_before; /* this one */

static void before_store(void)
{
    if (++stores == die_before)
        child_die();
}

/* In a child: from here on store number K kills it; 0: none does. */
static void die_at(unsigned k)
{
    stores = 0;
    die_before = k;
    slots_before_store = before_store;
}

static struct blocklist *open_list(uint32_t entries)
{
    struct blocklist *list;
    if (blocklist_open(folder.path, entries, 32, 64, 0, &list, reason, sizeof reason) != 1)
        fail_msg("%s", reason);
    return list;
}

static struct ip client(uint32_t n)
{
    return (struct ip){{10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}, 0};
}

static int add(struct blocklist *list, uint32_t n, int64_t now, uint32_t seconds, const char *cause)
{
    struct ip ip = client(n);
    struct block_outcome outcome;
    struct block_request r = {.client = &ip,
                              .now = now,
                              .steps = {1800, 21600, DAY},
                              .memory = 30 * DAY,
                              .fixed_seconds = seconds,
                              .cause = text_z(cause)};
    return blocklist_add(list, &r, &outcome, reason, sizeof reason);
}

/* Everything the file knows. */
struct picture {
    struct block_entry entries[200];
    unsigned n;
};

static void take_picture(const struct blocklist *list, struct picture *p)
{
    uint64_t position = 0;
    p->n = 0;
    while (p->n < 200 && blocklist_next(list, &position, &p->entries[p->n]))
        p->n++;
}

static const struct block_entry *in_picture(const struct picture *p, const struct ip *ip)
{
    for (unsigned i = 0; i < p->n; i++)
        if (ip_eq(&p->entries[i].prefix.ip, ip))
            return &p->entries[i];
    return NULL;
}

static bool same_stay(const struct block_entry *a, const struct block_entry *b)
{
    return a && b && a->until == b->until && a->times == b->times && a->kind == b->kind && a->first == b->first;
}

enum { TARGET = 1, BASE = 1000, LISTED = 40 };

/* So many fill all 96 places, wherever the hash puts them. */
enum { FILL = 600 };

/* A kind of write: what is there before besides forty other entries, and what is then done to TARGET. */
struct crash_case {
    const char *label;
    void (*prepare)(struct blocklist *);
    void (*run)(struct blocklist *);
    unsigned may_lose; /* how many others */
};

static void prepare_nothing(struct blocklist *list)
{
    (void)list;
}

static void prepare_listed(struct blocklist *list)
{
    assert_int_equal(add(list, TARGET, NOW, 0, "first:1"), 0);
}

static void prepare_ended(struct blocklist *list)
{
    assert_int_equal(add(list, TARGET, NOW - DAY, 0, "first:1"), 0);
}

/* Every place is taken by an entry that is listed. */
static void prepare_full(struct blocklist *list)
{
    for (uint32_t n = 0; n < FILL; n++)
        assert_int_equal(add(list, 5000 + n, NOW, 10 * DAY + n, "full:1"), 0);
}

/* Every place is taken by an entry that has ended, but for the forty. */
static void prepare_stale(struct blocklist *list)
{
    for (uint32_t n = 0; n < FILL; n++)
        assert_int_equal(add(list, 5000 + n, NOW - DAY, n < FILL - 100 ? 1 : 2, "stale:1"), 0);
    for (uint32_t n = 0; n < LISTED; n++)
        assert_int_equal(add(list, BASE + n, NOW, 9 * DAY, "other:1"), 0);
}

static void run_add(struct blocklist *list)
{
    assert_int_equal(add(list, TARGET, NOW, 0, "second:22"), 0);
}

static void run_add_longer(struct blocklist *list)
{
    assert_int_equal(add(list, TARGET, NOW + 5, 2 * DAY, "a quite different cause:333"), 0);
}

static void run_add_longer_same_cause(struct blocklist *list)
{
    assert_int_equal(add(list, TARGET, NOW + 5, 2 * DAY, "first:1"), 0);
}

static void run_hit(struct blocklist *list)
{
    struct block_entry e;
    struct ip ip = client(TARGET);
    assert_int_equal(blocklist_lookup(list, &ip, NOW, &e), 1);
    blocklist_hit(list, &e, NOW);
}

static void run_remove(struct blocklist *list)
{
    struct ip ip = client(TARGET);
    assert_int_equal(blocklist_remove(list, &ip, reason, sizeof reason), 1);
}

static void run_resize(struct blocklist *list)
{
    assert_int_equal(blocklist_resize(list, 100, NOW, DAY, reason, sizeof reason), 0);
}

static const struct crash_case crash_cases[] = {
    {"new", prepare_nothing, run_add, 0},
    {"new in the place of one that has ended", prepare_stale, run_add, 1},
    {"evicting", prepare_full, run_add, 1},
    {"again", prepare_ended, run_add, 0},
    {"longer", prepare_listed, run_add_longer, 0},
    {"longer for the same cause", prepare_listed, run_add_longer_same_cause, 0},
    {"hit", prepare_listed, run_hit, 0},
    {"remove", prepare_listed, run_remove, 0},
    {"resize", prepare_listed, run_resize, 0},
};

static void prepare(const struct crash_case *c)
{
    struct blocklist *list;
    os_remove(temp_path(&folder, "blocklist"));
    list = open_list(64);
    for (uint32_t n = 0; n < LISTED; n++)
        assert_int_equal(add(list, BASE + n, NOW, 9 * DAY, "other:1"), 0);
    c->prepare(list);
    blocklist_close(&list);
}

struct write_job {
    struct temp_folder folder;
    unsigned number, die_before;
};

static int write_in_child(const void *context)
{
    const struct write_job *job = context;
    folder = job->folder;
    struct blocklist *list = open_list(64);
    die_at(job->die_before);
    crash_cases[job->number].run(list);
    return 0;
}

/* Runs the write in a child that dies before store number K. Returns whether it did. */
static bool write_and_die(const struct crash_case *c, unsigned k)
{
    struct write_job job = {folder, (unsigned)(c - crash_cases), k};
    struct child child;
    child_start(&child, write_in_child, &job, sizeof job);
    int status = child_wait(&child);
    assert_true(status == CHILD_KILLED || status == 0);
    return status == CHILD_KILLED;
}

static void check_others(const struct crash_case *c, unsigned k, const struct picture *before,
                         const struct picture *now)
{
    struct ip target = client(TARGET);
    unsigned lost = 0;
    for (unsigned i = 0; i < before->n; i++) {
        const struct block_entry *e = &before->entries[i], *found = in_picture(now, &e->prefix.ip);
        if (ip_eq(&e->prefix.ip, &target))
            continue;
        lost += !found;
        if (found && (!same_stay(e, found) || strcmp(e->cause, found->cause) != 0))
            fail_msg("%s, killed before store %u: another entry changed", c->label, k);
    }
    if (lost > c->may_lose)
        fail_msg("%s, killed before store %u: %u entries lost", c->label, k, lost);
    for (unsigned i = 0; i < now->n; i++)
        if (!ip_eq(&now->entries[i].prefix.ip, &target) && !in_picture(before, &now->entries[i].prefix.ip))
            fail_msg("%s, killed before store %u: an entry nobody wrote", c->label, k);
}

static void check_target(const struct crash_case *c, unsigned k, const struct block_entry *before,
                         const struct block_entry *after, const struct block_entry *now)
{
    bool as_before = before ? same_stay(before, now) : !now;
    bool as_after = after ? same_stay(after, now) : !now;
    if (!as_before && !as_after)
        fail_msg("%s, killed before store %u: the entry is neither old nor new", c->label, k);
    if (now && strcmp(now->cause, "") != 0 && (!before || strcmp(now->cause, before->cause) != 0) &&
        (!after || strcmp(now->cause, after->cause) != 0))
        fail_msg("%s, killed before store %u: cause '%s'", c->label, k, now->cause);
}

/* Every store of a write; where all is very slow, of the hundreds that resizing needs every seventh. */
static unsigned step_after(unsigned k)
{
    return is_very_slow() && k > 30 ? 7 : 1;
}

static void blocklist_write__killed_before_each_store__nothing_finished_is_lost(void **state)
{
    (void)state;
    static struct picture before, after, now;
    unsigned kills = 0;
    struct ip target = client(TARGET);
    for (size_t i = 0; i < sizeof crash_cases / sizeof *crash_cases; i++) {
        const struct crash_case *c = &crash_cases[i];
        struct blocklist *list;
        prepare(c);
        list = open_list(64);
        take_picture(list, &before);
        blocklist_close(&list);
        assert_false(write_and_die(c, 0));
        list = open_list(64);
        take_picture(list, &after);
        blocklist_close(&list);
        check_others(c, 0, &before, &after);
        bool died = true;
        for (unsigned k = 1; died; k += step_after(k)) {
            prepare(c);
            /* The file has a new hash key each time, so the places of the keys differ. */
            list = open_list(64);
            take_picture(list, &before);
            blocklist_close(&list);
            died = write_and_die(c, k);
            kills += died;
            list = open_list(64);
            take_picture(list, &now);
            check_others(c, k, &before, &now);
            check_target(c, k, in_picture(&before, &target), in_picture(&after, &target),
                         in_picture(&now, &target));
            if (!died)
                assert_true(in_picture(&after, &target)
                                ? same_stay(in_picture(&after, &target), in_picture(&now, &target))
                                : !in_picture(&now, &target));
            /* And it still works. */
            assert_int_equal(add(list, TARGET, NOW + 10, 20 * DAY, "later:4444"), 0);
            struct block_entry e;
            assert_int_equal(blocklist_lookup(list, &target, NOW + 10, &e), 1);
            assert_int_equal(e.until, NOW + 10 + 20 * DAY);
            assert_string_equal(e.cause, "later:4444");
            blocklist_close(&list);
        }
    }
    print_message("%u kills\n", kills);
    assert_in_range(kills, 40, 10000);
}

struct note_job {
    struct temp_folder folder;
    unsigned known, die_before;
};

/* The client that a child notes: one of those known, or a new one. */
static struct ip noted_client(unsigned known)
{
    return client(known == 9 ? 2 : 77);
}

static int note_in_child(const void *context)
{
    const struct note_job *job = context;
    struct sightings *s;
    struct sighting got;
    struct ip ip = noted_client(job->known);
    struct sighting_request r = {SIGHTING_SUBJECT, TEXT("Cheap"), TEXT(""), &ip, NOW + 100, 3600, 3, NULL};
    if (sightings_open(job->folder.path, 64, 32, 64, 0, &s, reason, sizeof reason) != 1)
        return 9;
    die_at(job->die_before);
    sightings_note(s, &r, &got, reason, sizeof reason);
    return 0;
}

/* Sightings: eight clients known, then one more, or one of them again. */
static void sightings_write__killed_before_each_store__others_stay(void **state)
{
    (void)state;
    unsigned kills = 0;
    for (unsigned known = 0; known <= 9; known++) {
        bool died = true;
        for (unsigned k = 1; died; k++) {
            struct sightings *s;
            struct sighting got;
            os_remove(temp_path(&folder, "sightings"));
            assert_int_equal(sightings_open(folder.path, 64, 32, 64, 0, &s, reason, sizeof reason), 1);
            struct sighting_request r = {SIGHTING_SUBJECT, TEXT("Cheap"), TEXT(""), NULL, NOW, 3600, 3, NULL};
            unsigned others = known == 9 ? 5 : known;
            for (uint32_t n = 0; n < others; n++) {
                struct ip ip = client(n);
                r.client = &ip;
                r.now = NOW + n;
                assert_true(sightings_note(s, &r, &got, reason, sizeof reason) >= 0);
            }
            struct ip last = client(99);
            struct note_job job = {folder, known, k};
            struct child child;
            child_start(&child, note_in_child, &job, sizeof job);
            int status = child_wait(&child);
            assert_true(status == CHILD_KILLED || status == 0);
            died = status == CHILD_KILLED;
            kills += died;
            r.client = &last;
            r.now = NOW + 101;
            assert_true(sightings_note(s, &r, &got, reason, sizeof reason) >= 0);
            /* Those known (but for the two that made room when there were eight), perhaps the new one, the
             * last. */
            unsigned least = others + 1 > 8 ? 8 : others + 1;
            if (known == 8 && died)
                least = 8 - 1;
            assert_in_range(got.count, least, least + 1 > 8 ? 8 : least + 1);
            assert_true(ip_eq(&got.clients[got.count - 1], &last));
            for (unsigned i = 0; i + 1 < got.count; i++)
                assert_true(got.clients[i].byte[3] < others || got.clients[i].byte[3] == 77);
            sightings_close(&s);
        }
    }
    print_message("%u kills\n", kills);
}

/* What writers say they did, in a file that all have mapped: a kill does not reach it. Each value is written at
 * once, on 32-bit machines too. */
enum { WRITERS = 4, CLIENTS_EACH = 300 };

struct journal {
    volatile uint32_t intended[WRITERS][CLIENTS_EACH]; /* the end that is about to be written; 0: removed */
    volatile uint32_t finished[WRITERS][CLIENTS_EACH];
    volatile uint32_t begun[WRITERS]; /* the one that runs now has written something */
    volatile uint32_t writes, given_up, looks, stop;
};

static struct journal *open_journal(struct shared_map *map)
{
    if (os_share(temp_path(&folder, "journal"), true, map) != 0 || map->size < sizeof(struct journal))
        fail_msg("the journal cannot be opened");
    return (struct journal *)(void *)map->p;
}

struct work {
    struct temp_folder folder;
    unsigned writer;
    uint64_t seed;
};

static uint64_t next_bits(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static int write_till_killed(const void *context)
{
    const struct work *work = context;
    struct shared_map map;
    const unsigned w = work->writer;
    uint64_t seed = work->seed;
    folder = work->folder;
    struct journal *j = open_journal(&map);
    struct blocklist *list = open_list(2000);
    while (!j->stop) {
        char cause[24];
        uint64_t random = next_bits(&seed);
        uint32_t i = (uint32_t)(random % CLIENTS_EACH), n = w * 1000 + i;
        uint32_t was = j->finished[w][i], until = was ? was + (uint32_t)(random >> 32 & 3) + 1 : NOW + DAY;
        struct ip ip = client(n);
        int outcome;
        if (was && (random >> 40) % 4 == 0) {
            j->intended[w][i] = 0;
            outcome = blocklist_remove(list, &ip, reason, sizeof reason);
            until = 0;
        } else {
            j->intended[w][i] = until;
            snprintf(cause, sizeof cause, "%u:%u", n, (unsigned)(random >> 50) % 3);
            outcome = add(list, n, NOW, until - NOW, cause);
        }
        if (outcome >= 0)
            j->finished[w][i] = until;
        else
            j->given_up++;
        j->writes++;
        j->begun[w] = 1;
    }
    return 8;
}

static bool cause_is(const char *cause, uint32_t n)
{
    char expected[16];
    int length = snprintf(expected, sizeof expected, "%u:", n);
    return !cause[0] || strncmp(cause, expected, (size_t)length) == 0;
}

/* Exit status 0 if nothing was ever wrong. */
static int read_till_stopped(const void *context)
{
    const struct work *work = context;
    struct shared_map map;
    uint64_t seed = work->seed;
    folder = work->folder;
    struct journal *j = open_journal(&map);
    struct blocklist *list;
    if (blocklist_open(folder.path, 2000, 32, 64, BLOCKLIST_READ_ONLY, &list, reason, sizeof reason) != 1)
        return 9;
    while (!j->stop) {
        uint64_t random = next_bits(&seed);
        uint32_t w = (uint32_t)(random % WRITERS), i = (uint32_t)(random >> 20) % CLIENTS_EACH;
        struct ip ip = client(w * 1000 + i), never = client(900000 + i);
        struct block_entry e;
        if (blocklist_lookup(list, &never, NOW, &e) != 0)
            return 1;
        if (blocklist_lookup(list, &ip, NOW, &e) == 1) {
            if (!ip_eq(&e.prefix.ip, &ip) || e.prefix.bits != 32 || !cause_is(e.cause, w * 1000 + i))
                return 2;
            if (e.until < NOW + DAY || e.until > NOW + 60 * DAY || e.times != 1 || e.first != NOW)
                return 3;
        }
        j->looks++;
    }
    return 0;
}

static void check_writer(const struct journal *j, unsigned w)
{
    struct blocklist *list = open_list(2000);
    for (unsigned i = 0; i < CLIENTS_EACH; i++) {
        struct ip ip = client(w * 1000 + i);
        struct block_entry e;
        uint32_t until = blocklist_lookup(list, &ip, NOW, &e) == 1 ? (uint32_t)e.until : 0;
        if (until != j->finished[w][i] && until != j->intended[w][i])
            fail_msg("writer %u, client %u: %u, not %u or %u", w, i, until, j->finished[w][i],
                     j->intended[w][i]);
        if (until && !cause_is(e.cause, w * 1000 + i))
            fail_msg("writer %u, client %u: cause '%s'", w, i, e.cause);
    }
    blocklist_close(&list);
}

static void start_writer(struct child *child, struct journal *j, unsigned w, uint64_t seed)
{
    /* What the one before died over may be either; the new one begins from what is there. */
    struct blocklist *list = open_list(2000);
    for (unsigned i = 0; i < CLIENTS_EACH; i++) {
        struct ip ip = client(w * 1000 + i);
        struct block_entry e;
        j->finished[w][i] = j->intended[w][i] =
            blocklist_lookup(list, &ip, NOW, &e) == 1 ? (uint32_t)e.until : 0;
    }
    blocklist_close(&list);
    struct work work = {folder, w, seed};
    j->begun[w] = 0;
    child_start(child, write_till_killed, &work, sizeof work);
}

static void blocklist_write__killed_at_random__nothing_finished_is_lost(void **state)
{
    (void)state;
    enum { READERS = 2 };
    const unsigned kills = many_rounds(200);
    uint64_t seed = 0x123456789abcdef;
    struct child writers[WRITERS], readers[READERS];
    struct shared_map map;
    assert_int_equal(os_make(temp_path(&folder, "journal"), sizeof(struct journal), "", 0), 0);
    struct journal *j = open_journal(&map);
    for (unsigned w = 0; w < WRITERS; w++)
        start_writer(&writers[w], j, w, next_bits(&seed));
    for (unsigned r = 0; r < READERS; r++) {
        struct work work = {folder, 0, next_bits(&seed) + r};
        child_start(&readers[r], read_till_stopped, &work, sizeof work);
    }
    for (unsigned k = 0; k < kills; k++) {
        unsigned w = (unsigned)(next_bits(&seed) % WRITERS);
        for (unsigned waited = 0; !j->begun[w] && waited < 20000; waited++)
            pause_us(500);
        pause_us((unsigned)(next_bits(&seed) % 6000));
        child_kill(&writers[w]);
        assert_int_equal(child_wait(&writers[w]), CHILD_KILLED);
        check_writer(j, w);
        start_writer(&writers[w], j, w, next_bits(&seed));
    }
    for (unsigned w = 0; w < WRITERS; w++) {
        child_kill(&writers[w]);
        assert_int_equal(child_wait(&writers[w]), CHILD_KILLED);
        check_writer(j, w);
    }
    j->stop = 1;
    for (unsigned r = 0; r < READERS; r++)
        assert_int_equal(child_wait(&readers[r]), 0);
    print_message("%u kills, %u writes, %u of them given up, %u looks\n", kills, j->writes, j->given_up,
                  j->looks);
    const uint32_t writes = j->writes, looks = j->looks, given_up = j->given_up;
    os_unshare(&map);
    assert_true(writes > 5 * kills && looks > 5 * kills);
    /* Twenty milliseconds are not much where all is slow. */
    assert_true(given_up < (is_very_slow() ? writes / 2 : writes / 10));
}

enum { PROCESSES = 8 };

/* How many clients each of them adds. */
static uint32_t each(void)
{
    return many_rounds(20000);
}

/* Returns how often it had to try again; 200: as often, or more. */
static int add_in_child(const void *context)
{
    const struct work *work = context;
    unsigned again = 0;
    folder = work->folder;
    struct blocklist *list = open_list(PROCESSES * each());
    for (uint32_t i = 0; i < each(); i++)
        while (add(list, work->writer * each() + i, NOW, DAY + i, "gatepost.conf:1") != 0)
            again++;
    return again < 200 ? (int)again : 200;
}

static void blocklist_add__eight_processes__all_found(void **state)
{
    (void)state;
    struct child children[PROCESSES];
    unsigned given_up = 0;
    for (unsigned p = 0; p < PROCESSES; p++) {
        struct work work = {folder, p, 0};
        child_start(&children[p], add_in_child, &work, sizeof work);
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        int status = child_wait(&children[p]);
        assert_true(status >= 0);
        given_up += (unsigned)status;
    }
    struct blocklist *list = open_list(1);
    struct block_counts counts;
    for (uint32_t n = 0; n < PROCESSES * each(); n++) {
        struct ip ip = client(n);
        struct block_entry e;
        assert_int_equal(blocklist_lookup(list, &ip, NOW, &e), 1);
        assert_int_equal(e.until, NOW + DAY + n % each());
    }
    blocklist_counts(list, NOW, &counts);
    assert_int_equal(counts.current, PROCESSES * each());
    assert_int_equal(counts.peak, PROCESSES * each());
    assert_int_equal(counts.evicted, 0);
    blocklist_close(&list);
    print_message("%u writes were given up and made again\n", given_up);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocklist_write__killed_before_each_store__nothing_finished_is_lost),
        TEST(sightings_write__killed_before_each_store__others_stay),
        TEST(blocklist_write__killed_at_random__nothing_finished_is_lost),
        TEST(blocklist_add__eight_processes__all_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
