#include "blocklist.h"

#include <stdio.h>
#include <stdlib.h>

#include "prefix_key.h"

struct blocklist {
    struct slots slots;
    unsigned prefix4;
    unsigned prefix6;
};

_Static_assert(offsetof(struct blocklist, slots.file) == 0, "it begins with its state file");

/*
 * The payload: 28 bytes of cause text, padded with zeros, and a check of key and text. The kind is a bit of the
 * word, so that kind and end change together. The cause follows in a store of its own; if its check fails, the
 * cause is shown as unknown.
 */
enum { PAYLOAD_CELLS = 4, RECORD_SIZE = (SLOTS_RECORD_HEAD + PAYLOAD_CELLS) * 8 };

_Static_assert(RECORD_SIZE == 64, "a record is one line of the cache");
_Static_assert(BLOCK_CAUSE_MAX + 4 == PAYLOAD_CELLS * 8, "cause and check fill the payload");

/* The word's note. */
enum { NOTE_RELAY = 0x80, NOTE_TIMES = 0x7f };

enum { TALLY_LISTED, TALLY_PEAK, TALLY_EVICTED, TALLY_COUNTED_AT, TALLY_SAID_AT };

/* The check of the words of a payload. */
static uint32_t cause_check(const struct slots *s, const struct slot_key *key, const uint64_t *payload)
{
    uint64_t words[3 + PAYLOAD_CELLS] = {key->half[0], key->half[1], key->byte};
    memcpy(words + 3, payload, PAYLOAD_CELLS * sizeof *payload);
    return slots_check(s, words, sizeof words / sizeof *words);
}

static uint64_t holder(const struct slots *s, const struct slot *slot, const uint64_t *payload)
{
    const struct ip_prefix prefix = key_prefix(&slot->key);
    (void)payload;
    return prefix_holder(&s->file.key, &prefix.ip);
}

static const struct slots_shape shape = {.magic = "gpblock1", .record_size = RECORD_SIZE, .holder = holder};

int blocklist_open(const char *dir, uint32_t entries, unsigned prefix4, unsigned prefix6, unsigned flags,
                   struct blocklist **out, char *reason, size_t cap)
{
    struct slots_shape wanted = shape;
    wanted.entries = entries;
    *out = NULL;
    struct blocklist *b = malloc(sizeof *b);
    if (!b) {
        snprintf(reason, cap, "blocklist: out of memory");
        return -1;
    }
    b->prefix4 = prefix4;
    b->prefix6 = prefix6;
    int outcome = slots_open(&b->slots, dir, "blocklist", &wanted,
                             flags & BLOCKLIST_READ_ONLY ? STATE_READ_ONLY : 0, reason, cap);
    if (outcome == 1)
        *out = b;
    else
        free(b);
    return outcome;
}

void blocklist_close(struct blocklist **b)
{
    if (*b) {
        slots_close(&(*b)->slots);
        free(*b);
        *b = NULL;
    }
}

bool blocklist_retired(const struct blocklist *b)
{
    return state_file_retired(&b->slots.file);
}

bool blocklist_replaced(const struct blocklist *b)
{
    return state_file_replaced(&b->slots.file);
}

static struct slot_key client_key(const struct blocklist *b, const struct ip *client)
{
    return prefix_key(client, client->v6 ? b->prefix6 : b->prefix4);
}

/* The payload. A cause that is too long is cut at its beginning, because the line number and the file's name
 * are at its end. */
static void pack_cause(const struct slots *s, const struct slot_key *key, struct text cause, uint64_t *payload)
{
    uint8_t bytes[PAYLOAD_CELLS * 8] = {0};
    if (cause.n > BLOCK_CAUSE_MAX) {
        memset(bytes, '.', 3);
        memcpy(bytes + 3, cause.p + cause.n - (BLOCK_CAUSE_MAX - 3), BLOCK_CAUSE_MAX - 3);
    } else if (cause.n) {
        memcpy(bytes, cause.p, cause.n);
    }
    for (size_t i = 0; i < PAYLOAD_CELLS; i++)
        payload[i] = word_from(bytes + 8 * i);
    payload[PAYLOAD_CELLS - 1] |= (uint64_t)cause_check(s, key, payload) << 32;
}

/* Empty if another process is about to write it, or died while writing. */
static void unpack_cause(const struct slots *s, const struct slot *slot, char *out)
{
    uint8_t bytes[PAYLOAD_CELLS * 8];
    uint64_t payload[PAYLOAD_CELLS];
    slots_payload(s, slot, payload);
    uint32_t check = (uint32_t)(payload[PAYLOAD_CELLS - 1] >> 32);
    payload[PAYLOAD_CELLS - 1] &= UINT32_MAX;
    for (size_t i = 0; i < PAYLOAD_CELLS; i++)
        word_to(payload[i], bytes + 8 * i);
    memset(out, 0, BLOCK_CAUSE_MAX + 1);
    if (cause_check(s, &slot->key, payload) == check)
        memcpy(out, bytes, BLOCK_CAUSE_MAX);
}

/* `last` may be of any value. */
static bool in_force(uint32_t until, uint32_t first, int64_t now)
{
    return slots_in_force(until, now) && (int64_t)first - now <= SLOTS_CLOCK_SLACK;
}

bool blocklist_in_force(const struct block_entry *e, int64_t now)
{
    return in_force((uint32_t)e->until, (uint32_t)e->first, now);
}

static void fill_entry(const struct blocklist *b, const struct slot *slot, struct block_entry *e)
{
    *e = (struct block_entry){
        .prefix = key_prefix(&slot->key),
        .until = slot->until,
        .first = slot->first,
        .last = slot->last,
        .hits = slot->hits,
        .times = slot->note & NOTE_TIMES,
        .kind = slot->note & NOTE_RELAY ? BLOCK_RELAY : BLOCK_RULE,
        .place = slot->place,
    };
    unpack_cause(&b->slots, slot, e->cause);
}

int blocklist_lookup(const struct blocklist *b, const struct ip *client, int64_t now, struct block_entry *entry)
{
    struct slot slot;
    struct slot_key key = client_key(b, client);
    if (!slots_find(&b->slots, &key, &slot) || !in_force(slot.until, slot.first, now))
        return 0;
    if (entry)
        fill_entry(b, &slot, entry);
    return 1;
}

void blocklist_hit(const struct blocklist *b, const struct block_entry *entry, int64_t now)
{
    slots_seen(&b->slots, entry->place, now, 1);
}

static uint32_t later(int64_t now, uint64_t seconds)
{
    uint64_t until = (uint64_t)(now > 0 ? now : 0) + (seconds < SLOTS_LONGEST ? seconds : SLOTS_LONGEST);
    return until < 1 ? 1 : until < UINT32_MAX ? (uint32_t)until : UINT32_MAX;
}

/* What happens to an entry. */
struct plan {
    enum block_event event;
    uint32_t until;
    uint8_t note;
};

static struct plan make_plan(const struct block_request *r, const struct slot *known)
{
    bool listed = known && in_force(known->until, known->first, r->now);
    bool remembered = known && known->until <= r->now && r->now - (int64_t)known->until <= (int64_t)r->memory;
    unsigned times = listed || remembered ? known->note & NOTE_TIMES : 0;
    /* A stay that began as a relay has no step yet; the first rule gives it one. */
    if (r->kind == BLOCK_RULE && times < NOTE_TIMES && (!listed || times == 0))
        times++;
    unsigned step = times > 3 ? 3 : times ? times : 1;
    struct plan plan = {
        .event = listed       ? BLOCK_LONGER
                 : remembered ? BLOCK_AGAIN
                              : BLOCK_FIRST,
        .until = later(r->now, r->fixed_seconds ? r->fixed_seconds : r->steps[step - 1]),
        .note = (uint8_t)(times | (r->kind == BLOCK_RELAY ? NOTE_RELAY : 0)),
    };
    if (listed && plan.until <= known->until)
        plan.event = BLOCK_KEPT;
    return plan;
}

/* How many clients are listed is counted once a minute, or once a second while the number seems to be a new
 * peak. Between two counts, added clients are added to it. */
static void tally_listed(struct slots *s, int64_t now)
{
    uint64_t at = later(now, 0), counted = slots_tally(s, TALLY_COUNTED_AT);
    uint64_t listed = slots_tally(s, TALLY_LISTED) + 1, peak = slots_tally(s, TALLY_PEAK);
    if (at < counted || at - counted >= 60 || (listed > peak && at != counted)) {
        listed = slots_count(s, now);
        slots_set_tally(s, TALLY_COUNTED_AT, at);
    }
    slots_set_tally(s, TALLY_LISTED, listed);
    if (listed > peak)
        slots_set_tally(s, TALLY_PEAK, listed);
}

/* Whether it is time to log it. */
static bool tally_evicted(struct slots *s, int64_t now)
{
    uint64_t at = later(now, 0), said = slots_tally(s, TALLY_SAID_AT);
    slots_set_tally(s, TALLY_EVICTED, slots_tally(s, TALLY_EVICTED) + 1);
    if (at >= said && at - said < 60)
        return false;
    slots_set_tally(s, TALLY_SAID_AT, at);
    return true;
}

static void put_new(struct blocklist *b, const struct block_request *r, const struct plan *plan,
                    struct slot *slot, struct block_outcome *out)
{
    uint64_t payload[PAYLOAD_CELLS];
    *slot = (struct slot){.key = client_key(b, r->client),
                          .until = plan->until,
                          .first = later(r->now, 0),
                          .last = later(r->now, 0),
                          .note = plan->note};
    pack_cause(&b->slots, &slot->key, r->cause, payload);
    if (slots_put(&b->slots, slot, payload, r->now))
        out->say_full = tally_evicted(&b->slots, r->now);
    else
        tally_listed(&b->slots, r->now);
}

/* The end is stored first, because it matters most. If the process is killed before the cause follows, the
 * cause is unknown. */
static void renew(struct blocklist *b, const struct block_request *r, const struct plan *plan,
                  struct slot *slot)
{
    uint64_t before[PAYLOAD_CELLS], cause[PAYLOAD_CELLS];
    slots_payload(&b->slots, slot, before);
    pack_cause(&b->slots, &slot->key, r->cause, cause);
    slots_renew(&b->slots, slot, plan->until, plan->note);
    if (memcmp(before, cause, sizeof cause) != 0)
        slots_rewrite(&b->slots, slot, 0, cause, PAYLOAD_CELLS);
    slots_seen(&b->slots, slot->place, r->now, 0);
    slot->last = later(r->now, 0);
    if (plan->event == BLOCK_AGAIN || plan->event == BLOCK_FIRST)
        tally_listed(&b->slots, r->now);
}

int blocklist_add(struct blocklist *b, const struct block_request *request, struct block_outcome *out,
                  char *reason, size_t cap)
{
    struct slots_lock lock;
    struct slot slot;
    struct slot_key key = client_key(b, request->client);
    *out = (struct block_outcome){.event = BLOCK_KEPT};
    bool known = slots_find(&b->slots, &key, &slot);
    struct plan plan = make_plan(request, known ? &slot : NULL);
    if (plan.event != BLOCK_KEPT) {
        if (slots_lock(&b->slots, request->wait, &lock, reason, cap) != 0)
            return -1;
        known = slots_find(&b->slots, &key, &slot); /* another process had the lock before us */
        if (known && (int64_t)slot.first - request->now > SLOTS_CLOCK_SLACK) {
            slots_remove(&b->slots, &slot); /* set by a wrong clock, and a renewal keeps the beginning */
            known = false;
        }
        plan = make_plan(request, known ? &slot : NULL);
        if (known && plan.event != BLOCK_KEPT)
            renew(b, request, &plan, &slot);
        else if (!known)
            put_new(b, request, &plan, &slot, out);
        slots_unlock(&lock);
    }
    out->event = plan.event;
    out->evicted = slots_tally(&b->slots, TALLY_EVICTED);
    fill_entry(b, &slot, &out->entry);
    return 0;
}

int blocklist_remove(struct blocklist *b, const struct ip *client, char *reason, size_t cap)
{
    struct slots_lock lock;
    int found = 0;
    if (slots_lock(&b->slots, NULL, &lock, reason, cap) != 0)
        return -1;
    /* Prefixes of every length: block-prefix may have been different when the client was put there. */
    for (unsigned bits = 0; bits <= ip_bits(client); bits++) {
        struct slot slot;
        struct slot_key key = prefix_key(client, bits);
        if (slots_find(&b->slots, &key, &slot)) {
            slots_remove(&b->slots, &slot);
            found = 1;
        }
    }
    slots_unlock(&lock);
    return found;
}

int blocklist_clear(struct blocklist *b, char *reason, size_t cap)
{
    struct slots_lock lock;
    if (slots_lock(&b->slots, NULL, &lock, reason, cap) != 0)
        return -1;
    slots_clear(&b->slots);
    slots_unlock(&lock);
    return 0;
}

int blocklist_next(const struct blocklist *b, uint64_t *position, struct block_entry *entry)
{
    struct slot slot;
    if (!slots_next(&b->slots, position, &slot))
        return 0;
    fill_entry(b, &slot, entry);
    return 1;
}

void blocklist_counts(const struct blocklist *b, int64_t now, struct block_counts *out)
{
    out->current = slots_count(&b->slots, now);
    out->peak = slots_tally(&b->slots, TALLY_PEAK);
    if (out->peak < out->current)
        out->peak = out->current;
    out->evicted = slots_tally(&b->slots, TALLY_EVICTED);
    out->places = slots_places(&b->slots);
    out->since = b->slots.file.made;
}

int blocklist_resize(struct blocklist *b, uint32_t entries, int64_t now, uint32_t memory, char *reason,
                     size_t cap)
{
    struct slots_shape wanted = shape;
    struct slots bigger;
    wanted.entries = entries;
    if (slots_resize(&b->slots, &wanted, now - (int64_t)memory, &bigger, reason, cap) != 0)
        return -1;
    slots_close(&b->slots);
    b->slots = bigger;
    return 0;
}
