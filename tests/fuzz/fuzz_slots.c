/*
 * Input: a mode byte, then the bytes of a blocklist file. In mode 1 the head is corrected first, for as many
 * buckets as the input has room for; in mode 2 also the words and records of its places, so that the code after
 * all checks is reached. The file is opened or set aside, no output is out of bounds, and afterwards a client
 * can be put on the list.
 */
#include "core/state/slots.c"
#include "core/state/state_file.c"

#include <stdio.h>

#include "core/state/blocklist.h"
#include "insist.h"
#include "tests/unit/lib/system.h"

enum { NOW = 1058000000, RECORD = 64, BUCKET = SLOTS_PER_BUCKET * (8 + RECORD) };

static char folder[100];

static void remove_folder(void)
{
    folder_remove_all(folder);
}

static const char *path_of(const char *name)
{
    static char path[200];
    if (!folder[0]) {
        folder_make_own(folder, sizeof folder);
        atexit(remove_folder);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void mend_head(unsigned char *p, size_t n)
{
    const struct state_shape shape = {.magic = "gpblock1"};
    struct cell *cells = (struct cell *)(void *)p;
    uint64_t head[STATE_HEAD_CELLS] = {
        [HEAD_MAGIC] = magic_of(&shape),
        [HEAD_VERSION_UNIT] = (uint64_t)BUCKET << 32 | 1,
        [HEAD_COUNT_MADE] = (n - STATE_PAGE) / BUCKET,
        [HEAD_SIZE] = n,
        [HEAD_K0] = 1,
    };
    head[HEAD_CHECK] = head_check(head);
    for (unsigned i = 0; i < STATE_HEAD_CELLS; i++)
        cells[i].bits = cell_order(head[i]);
}

static void mend_places(unsigned char *p, size_t n)
{
    struct slots s = {.file = {.key = {1, 0}, .count = (uint32_t)((n - STATE_PAGE) / BUCKET)},
                      .words = (struct cell *)(void *)(p + STATE_PAGE),
                      .record_cells = RECORD / 8};
    s.records = s.words + slots_places(&s);
    for (uint32_t place = 0; place < slots_places(&s); place++) {
        struct cell *record = record_at(&s, place);
        uint64_t first = cell_load(record + 2);
        struct slot_key key = {{cell_load(record), cell_load(record + 1)}, (uint8_t)(first >> 24)};
        struct spot spot = spot_of(&s, &key);
        uint64_t word = cell_load(s.words + place);
        if (!word)
            continue;
        cell_store(record + 2, (first & ~(uint64_t)0xffffff) | record_check(&s, &key, (uint32_t)(first >> 32)));
        cell_store(s.words + place, make_word(word_until(word), spot.mark, (uint8_t)(word >> 8)));
    }
}

static void use(const struct ip *client)
{
    struct blocklist *list;
    struct block_entry e;
    struct block_counts counts;
    struct block_outcome outcome;
    char reason[300];
    uint64_t position = 0;
    int opened = blocklist_open(folder, 64, 32, 64, BLOCKLIST_READ_ONLY, &list, reason, sizeof reason);
    insist(opened == 1 || (opened == -1 && reason[0] && !list));
    blocklist_close(&list);
    insist(blocklist_open(folder, 64, 32, 64, 0, &list, reason, sizeof reason) == 1);
    insist((opened == 1) == (reason[0] == '\0'));
    while (blocklist_next(list, &position, &e)) {
        insist(e.prefix.bits <= ip_bits(&e.prefix.ip));
        insist(strlen(e.cause) <= BLOCK_CAUSE_MAX);
        blocklist_hit(list, &e, NOW);
    }
    blocklist_counts(list, NOW, &counts);
    insist(counts.current <= counts.places);
    struct block_request r = {
        .client = client, .now = NOW, .steps = {100, 200, 300}, .memory = 1000, .cause = TEXT("fuzz:1")};
    insist(blocklist_add(list, &r, &outcome, reason, sizeof reason) == 0);
    insist(outcome.entry.until > NOW);
    insist(blocklist_lookup(list, client, NOW, &e) == 1 && e.until == outcome.entry.until);
    insist(blocklist_remove(list, client, reason, sizeof reason) == 1);
    insist(blocklist_lookup(list, client, NOW, NULL) == 0);
    insist(blocklist_resize(list, 20, NOW, 100, reason, sizeof reason) == 0);
    blocklist_close(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ip v4 = {{192, 0, 2, 66}, 0}, v6 = {{0x20, 1, 0x0d, 0xb8, [15] = 1}, 1};
    if (size < 1)
        return 0;
    unsigned mode = data[0] % 3;
    bool six = data[0] & 0x80;
    data++;
    size--;
    /* In the modes that correct the file, the first page is made here and the input follows it. */
    size_t n = mode ? STATE_PAGE + (size + BUCKET) / BUCKET * BUCKET : size;
    unsigned char *copy = calloc(1, n + 1);
    if (!copy)
        return 0;
    memcpy(copy + (mode ? STATE_PAGE : 0), data, size);
    if (mode)
        mend_head(copy, n);
    if (mode == 2)
        mend_places(copy, n);
    const char *path = path_of("blocklist");
    os_remove(path);
    FILE *file = fopen(path, "wb");
    insist(file != NULL);
    bool written = fwrite(copy, 1, n, file) == n;
    insist(fclose(file) == 0 && written);
    use(six ? &v6 : &v4);
    free(copy);
    return 0;
}
