#include "slots.h"

/* A hook for tests: they kill a writer one store later each time, or let other processes run during a read. */
#ifndef SLOTS_BEFORE_STORE
#define SLOTS_BEFORE_STORE() ((void)0)
#endif
#ifndef SLOTS_BEFORE_LOAD
#define SLOTS_BEFORE_LOAD() ((void)0)
#endif

enum { BOTH_BUCKETS = 2 * SLOTS_PER_BUCKET };

/* How often a reader may meet a changing word before it takes the key for absent. A change takes a lock and
 * opens a file, so two changes during one look-up are rare. */
enum { READ_ROUNDS = 16 };

static const uint64_t mark_mask = (uint64_t)0xffff << 16;

static void store(struct cell *c, uint64_t value)
{
    SLOTS_BEFORE_STORE();
    cell_store(c, value);
}

/* Of a record: it may change between two of these. */
static uint64_t load(const struct cell *c)
{
    SLOTS_BEFORE_LOAD();
    return cell_load(c);
}

/* The places where a key may be, and the fingerprint of its word. */
struct spot {
    uint32_t bucket[2];
    uint64_t mark; /* shifted to its place in the word */
};

/* CRC-8, polynomial x^8+x^2+x+1, of the upper seven bytes, four bits at a time. It starts with 0, so that a
 * changed byte is noticed in an empty word too. */
static uint8_t crc8(uint64_t word)
{
    static const uint8_t step[16] = {0x00, 0x07, 0x0e, 0x09, 0x1c, 0x1b, 0x12, 0x15,
                                     0x38, 0x3f, 0x36, 0x31, 0x24, 0x23, 0x2a, 0x2d};
    uint8_t crc = 0;
    for (int shift = 60; shift >= 8; shift -= 4)
        crc = (uint8_t)(crc << 4 ^ step[crc >> 4 ^ (word >> shift & 15)]);
    return crc;
}

static uint64_t sealed(uint64_t upper)
{
    return (upper & ~(uint64_t)0xff) | crc8(upper);
}

static bool is_sealed(uint64_t word)
{
    return (uint8_t)word == crc8(word);
}

/* Whether a state word marks an entry. */
static bool is_entry(uint64_t word)
{
    return word != 0 && is_sealed(word);
}

static uint64_t make_word(uint32_t until, uint64_t mark, uint8_t note)
{
    return sealed((uint64_t)until << 32 | mark | (uint64_t)note << 8);
}

static uint32_t word_until(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static struct spot spot_of(const struct slots *s, const struct slot_key *key)
{
    uint64_t hash = siphash_17(&s->file.key, key->half[0], key->half[1], key->byte), n = s->file.count;
    struct spot spot;
    spot.bucket[0] = (uint32_t)((hash >> 32) * n >> 32);
    spot.bucket[1] = (uint32_t)((hash & 0xffffffff) * n >> 32);
    if (spot.bucket[0] == spot.bucket[1])
        spot.bucket[1] = (uint32_t)((spot.bucket[0] + 1) % n);
    /* The buckets used the upper bits of both halves. */
    spot.mark = (hash ^ hash >> 32 ^ hash >> 17) << 16 & mark_mask;
    return spot;
}

static uint32_t spot_place(const struct spot *spot, unsigned i)
{
    return spot->bucket[i / SLOTS_PER_BUCKET] * SLOTS_PER_BUCKET + i % SLOTS_PER_BUCKET;
}

static struct cell *record_at(const struct slots *s, uint32_t place)
{
    return s->records + (size_t)place * s->record_cells;
}

static uint32_t record_check(const struct slots *s, const struct slot_key *key, uint32_t first)
{
    uint64_t words[3] = {key->half[0], key->half[1], (uint64_t)first << 32 | key->byte};
    return slots_check(s, words, 3) & 0xffffff;
}

/* Reads the entry of a place whose word was just read. Returns 1 and *OUT; 0 if there is none; -1 if the
 * word has changed. */
static int read_entry(const struct slots *s, uint32_t place, uint64_t word, struct slot *out)
{
    const struct cell *record = record_at(s, place);
    uint64_t key0 = load(record), key1 = load(record + 1);
    uint64_t first = load(record + 2), last = load(record + 3);
    if (cell_load(s->words + place) != word)
        return -1;
    *out = (struct slot){
        .key = {{key0, key1}, (uint8_t)(first >> 24)},
        .word = word,
        .place = place,
        .until = word_until(word),
        .first = (uint32_t)(first >> 32),
        .last = (uint32_t)(last >> 32),
        .hits = (uint32_t)last,
        .note = (uint8_t)(word >> 8),
    };
    return record_check(s, &out->key, out->first) == (first & 0xffffff) ? 1 : 0;
}

static struct state_shape inner_shape(const struct slots_shape *shape)
{
    uint64_t places = (uint64_t)shape->entries + shape->entries / 2;
    uint64_t buckets = (places + SLOTS_PER_BUCKET - 1) / SLOTS_PER_BUCKET;
    return (struct state_shape){
        .magic = shape->magic,
        .version = 1,
        .unit = SLOTS_PER_BUCKET * (uint32_t)(sizeof(struct cell) + shape->record_size),
        .count = buckets > 2 ? (uint32_t)buckets : 2,
    };
}

/* Called once the file is open. */
static void attach(struct slots *s, const struct slots_shape *shape)
{
    s->holder = shape->holder;
    s->record_cells = shape->record_size / (uint32_t)sizeof(struct cell);
    s->payload_cells = s->record_cells - SLOTS_RECORD_HEAD;
    s->words = (struct cell *)(void *)state_file_units(&s->file);
    s->records = s->words + slots_places(s);
}

int slots_open(struct slots *s, const char *dir, const char *name, const struct slots_shape *shape,
               unsigned flags, char *reason, size_t cap)
{
    struct state_shape inner = inner_shape(shape);
    *s = (struct slots){.words = NULL};
    int outcome = state_file_open(&s->file, dir, name, &inner, flags, reason, cap);
    if (outcome == 1)
        attach(s, shape);
    return outcome;
}

void slots_close(struct slots *s)
{
    state_file_close(&s->file);
    *s = (struct slots){.words = NULL};
}

static bool same_key(const struct slot_key *a, const struct slot_key *b)
{
    return a->half[0] == b->half[0] && a->half[1] == b->half[1] && a->byte == b->byte;
}

int slots_find(const struct slots *s, const struct slot_key *key, struct slot *out)
{
    struct spot spot = spot_of(s, key);
    /* Both lines are prefetched at once: two buckets cost the time of one. */
    __builtin_prefetch(s->words + spot_place(&spot, SLOTS_PER_BUCKET));
    for (unsigned round = 0; round < READ_ROUNDS; round++) {
        bool changed = false;
        for (unsigned i = 0; i < BOTH_BUCKETS; i++) {
            uint32_t place = spot_place(&spot, i);
            uint64_t word = cell_load(s->words + place);
            if ((word & mark_mask) != spot.mark || !is_entry(word))
                continue;
            int got = read_entry(s, place, word, out);
            changed |= got < 0;
            if (got == 1 && same_key(&out->key, key))
                return 1;
        }
        if (!changed)
            return 0;
    }
    return 0;
}

/* Whether a good record has a word that leads to it. */
static bool belongs(const struct slots *s, const struct slot *slot)
{
    struct spot spot = spot_of(s, &slot->key);
    uint32_t bucket = slot->place / SLOTS_PER_BUCKET;
    return (slot->word & mark_mask) == spot.mark && (bucket == spot.bucket[0] || bucket == spot.bucket[1]);
}

/* The entry of a place, if it has one. */
static bool entry_at(const struct slots *s, uint32_t place, struct slot *out)
{
    for (unsigned round = 0; round < READ_ROUNDS; round++) {
        uint64_t word = cell_load(s->words + place);
        if (!is_entry(word))
            return false;
        int got = read_entry(s, place, word, out);
        if (got >= 0)
            return got == 1 && belongs(s, out);
    }
    return false;
}

/* For a walk over all places: checks from time to time whether the file is still whole. */
static bool may_go_on(const struct slots *s, uint64_t position)
{
    enum { NOW_AND_THEN = 4096 };
    return position % NOW_AND_THEN != 0 || state_file_is_whole(&s->file);
}

int slots_next(const struct slots *s, uint64_t *position, struct slot *out)
{
    while (*position < slots_places(s) && may_go_on(s, *position))
        if (entry_at(s, (uint32_t)(*position)++, out))
            return 1;
    return 0;
}

void slots_payload(const struct slots *s, const struct slot *slot, uint64_t *cells)
{
    const struct cell *payload = record_at(s, slot->place) + SLOTS_RECORD_HEAD;
    for (uint32_t i = 0; i < s->payload_cells; i++)
        cells[i] = load(payload + i);
}

void slots_seen(const struct slots *s, uint32_t place, int64_t now, uint32_t hits)
{
    if (!s->file.writable || place >= slots_places(s))
        return;
    struct cell *seen = record_at(s, place) + 3;
    /* A look-up that meets four changes in a row does not miss a listed client. */
    for (unsigned tries = 0; tries < 4; tries++) {
        uint64_t old = cell_load(seen);
        uint32_t count = UINT32_MAX - (uint32_t)old < hits ? UINT32_MAX : (uint32_t)old + hits;
        SLOTS_BEFORE_STORE();
        if (cell_swap(seen, old, (uint64_t)(uint32_t)now << 32 | count))
            return;
    }
}

uint64_t slots_count(const struct slots *s, int64_t now)
{
    uint64_t places = slots_places(s), n = 0;
    for (uint64_t i = 0; i < places && may_go_on(s, i); i++) {
        uint64_t word = cell_load(s->words + i);
        if (slots_in_force(word_until(word), now) && is_entry(word))
            n++;
    }
    return n;
}

uint32_t slots_check(const struct slots *s, const uint64_t *words, size_t n)
{
    return (uint32_t)siphash_words(&s->file.key, words, n);
}

uint64_t slots_tally(const struct slots *s, unsigned n)
{
    uint64_t word = cell_load(state_file_cell(&s->file, STATE_OWN_CELLS + n));
    return is_sealed(word) ? word >> 8 : 0;
}

int slots_lock(const struct slots *s, uint32_t *wait, struct slots_lock *lock, char *reason, size_t cap)
{
    return state_file_lock(&s->file, wait, &lock->lock, reason, cap);
}

void slots_unlock(struct slots_lock *lock)
{
    os_unlock(&lock->lock);
}

/* What a writer finds in a bucket. */
struct bucket_view {
    unsigned listed; /* that are in force */
    uint32_t place;  /* where a new entry would go: an empty place, or else the entry that ends soonest */
    uint64_t
        soonest; /* 0: that place is empty; 1: its entry was made by a wrong clock; otherwise its end + 2 */
};

static struct bucket_view view_bucket(const struct slots *s, uint32_t bucket, int64_t now)
{
    struct bucket_view view = {.soonest = UINT64_MAX};
    for (uint32_t i = 0; i < SLOTS_PER_BUCKET; i++) {
        struct slot slot;
        uint32_t place = bucket * SLOTS_PER_BUCKET + i;
        uint64_t until = 0;
        if (entry_at(s, place, &slot)) {
            bool in_force = slots_in_force(slot.until, now);
            until = in_force || slot.until <= now ? (uint64_t)slot.until + 2 : 1;
            view.listed += in_force;
        }
        if (until < view.soonest) {
            view.soonest = until;
            view.place = place;
        }
    }
    return view;
}

/* The places that a key may have, all of them in force, and the holders of their entries. */
struct crowd {
    struct slot slot[BOTH_BUCKETS];
    uint64_t holder[BOTH_BUCKETS];
    unsigned n;
};

static void view_crowd(const struct slots *s, const struct spot *spot, struct crowd *c)
{
    uint64_t payload[SLOTS_PAYLOAD_MOST] = {0};
    c->n = 0;
    for (unsigned i = 0; i < BOTH_BUCKETS; i++) {
        if (!entry_at(s, spot_place(spot, i), &c->slot[c->n]))
            continue;
        slots_payload(s, &c->slot[c->n], payload);
        c->holder[c->n] = s->holder(s, &c->slot[c->n], payload);
        c->n++;
    }
}

static unsigned count_holder(const struct crowd *c, uint64_t holder)
{
    unsigned n = 0;
    for (unsigned i = 0; holder && i < c->n; i++)
        n += c->holder[i] == holder;
    return n;
}

/* The holder of most of these entries; 0 if no holder has two. */
static uint64_t largest_holder(const struct crowd *c)
{
    uint64_t largest = 0;
    unsigned most = 1;
    for (unsigned i = 0; i < c->n; i++) {
        unsigned n = count_holder(c, c->holder[i]);
        if (n > most) {
            most = n;
            largest = c->holder[i];
        }
    }
    return largest;
}

/* The place of the entry that is dropped for ENTRY when all sixteen are in force; *PLACE does not change if
 * the entry that ends soonest decides. */
static void choose_by_holder(const struct slots *s, const struct spot *spot, const struct slot *entry,
                             const uint64_t *payload, uint32_t *place)
{
    struct crowd c;
    if (!s->holder)
        return;
    view_crowd(s, spot, &c);
    uint64_t holder = s->holder(s, entry, payload);
    if (count_holder(&c, holder) == 0)
        holder = largest_holder(&c);
    const struct slot *newest = NULL;
    for (unsigned i = 0; holder && i < c.n; i++)
        if (c.holder[i] == holder && (!newest || c.slot[i].first >= newest->first))
            newest = &c.slot[i];
    if (newest)
        *place = newest->place;
}

bool slots_put(struct slots *s, struct slot *entry, const uint64_t *payload, int64_t now)
{
    struct spot spot = spot_of(s, &entry->key);
    struct bucket_view a = view_bucket(s, spot.bucket[0], now), b = view_bucket(s, spot.bucket[1], now);
    /* Choose the emptier bucket: that is why both are so rarely full of entries in force. */
    bool second = a.listed != b.listed ? b.listed < a.listed : b.soonest < a.soonest;
    const struct bucket_view *view = second ? &b : &a;
    const bool full = a.listed == SLOTS_PER_BUCKET && b.listed == SLOTS_PER_BUCKET;
    entry->place = view->place;
    if (full)
        choose_by_holder(s, &spot, entry, payload, &entry->place);
    struct cell *word = s->words + entry->place, *record = record_at(s, entry->place);
    entry->word = make_word(entry->until, spot.mark, entry->note);

    store(word, 0);
    store(record, entry->key.half[0]);
    store(record + 1, entry->key.half[1]);
    store(record + 2, (uint64_t)entry->first << 32 | (uint64_t)entry->key.byte << 24 |
                          record_check(s, &entry->key, entry->first));
    store(record + 3, (uint64_t)entry->last << 32 | entry->hits);
    for (uint32_t i = 0; i < s->payload_cells; i++)
        store(record + SLOTS_RECORD_HEAD + i, payload[i]);
    store(word, entry->word);
    return full;
}

void slots_renew(struct slots *s, struct slot *entry, uint32_t until, uint8_t note)
{
    entry->word = make_word(until, entry->word & mark_mask, note);
    entry->until = until;
    entry->note = note;
    store(s->words + entry->place, entry->word);
}

void slots_rewrite(struct slots *s, const struct slot *entry, unsigned from, const uint64_t *cells, unsigned n)
{
    struct cell *payload = record_at(s, entry->place) + SLOTS_RECORD_HEAD + from;
    for (unsigned i = 0; i < n; i++)
        store(payload + i, cells[i]);
}

void slots_remove(struct slots *s, const struct slot *entry)
{
    store(s->words + entry->place, 0);
}

void slots_clear(struct slots *s)
{
    uint64_t places = slots_places(s);
    for (uint64_t i = 0; i < places; i++)
        if (cell_load(s->words + i) != 0)
            store(s->words + i, 0);
}

void slots_set_tally(struct slots *s, unsigned n, uint64_t value)
{
    store(state_file_cell(&s->file, STATE_OWN_CELLS + n), sealed(value << 8));
}

int slots_resize(struct slots *s, const struct slots_shape *shape, int64_t forget, struct slots *out,
                 char *reason, size_t cap)
{
    struct state_shape inner = inner_shape(shape);
    struct slots_lock lock;
    struct slot slot;
    uint64_t payload[SLOTS_PAYLOAD_MOST] = {0}, position = 0;
    *out = (struct slots){.words = NULL};
    if (slots_lock(s, NULL, &lock, reason, cap) != 0)
        return -1;
    int outcome = state_file_make_beside(&s->file, ".new", &inner, &out->file, reason, cap);
    if (outcome == 0) {
        attach(out, shape);
        while (slots_next(s, &position, &slot)) {
            if (slot.until <= forget)
                continue;
            slots_payload(s, &slot, payload);
            slots_put(out, &slot, payload, forget);
        }
        for (unsigned i = 0; i < SLOTS_TALLIES; i++)
            slots_set_tally(out, i, slots_tally(s, i));
        outcome = state_file_take_place(&out->file, &s->file, reason, cap);
        if (outcome != 0)
            slots_close(out);
    }
    slots_unlock(&lock);
    return outcome;
}
