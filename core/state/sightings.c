#include "sightings.h"

#include <stdio.h>
#include <stdlib.h>

#include "prefix_key.h"

struct sightings {
    struct slots slots;
    unsigned prefix4;
    unsigned prefix6;
};

_Static_assert(offsetof(struct sightings, slots.file) == 0, "it begins with its state file");

/*
 * The payload: eight clients of three cells each: the prefix (two), and time 32 | check 32 of key, prefix and
 * time. The last cell is stored last, so a client is there in full or its place is empty.
 */
enum { CLIENT_CELLS = 3, PAYLOAD_CELLS = 28, RECORD_SIZE = (SLOTS_RECORD_HEAD + PAYLOAD_CELLS) * 8 };

_Static_assert(RECORD_SIZE % 64 == 0, "records are whole lines of the cache");
_Static_assert((int)SIGHTING_CLIENTS *CLIENT_CELLS <= PAYLOAD_CELLS, "eight clients fit");
_Static_assert(PAYLOAD_CELLS <= (int)SLOTS_PAYLOAD_MOST, "slots can carry them");

/* Bytes of a Subject that are used; more would not help. */
enum { TEXT_MOST = 1000 };

struct client {
    struct slot_key prefix;
    uint32_t seen; /* 0: an empty place */
};

void sightings_close(struct sightings **s)
{
    if (*s) {
        slots_close(&(*s)->slots);
        free(*s);
        *s = NULL;
    }
}

bool sightings_replaced(const struct sightings *s)
{
    return state_file_replaced(&s->slots.file);
}

/* 128 bits of the text. */
static void hash_text(const struct siphash_key *key, struct text t, bool folded, uint64_t out[2])
{
    const struct siphash_key second = {~key->k0, key->k1};
    char copy[TEXT_MOST];
    size_t n = t.n < TEXT_MOST ? t.n : TEXT_MOST;
    for (size_t i = 0; i < n; i++)
        copy[i] = folded ? (char)fold((unsigned char)t.p[i]) : t.p[i];
    out[0] = siphash(key, copy, n);
    out[1] = siphash(&second, copy, n);
}

static struct slot_key attempt_key(const struct sightings *s, const struct sighting_request *r)
{
    const struct siphash_key *key = &s->slots.file.key;
    uint64_t words[4];
    struct slot_key attempt = {.byte = (uint8_t)r->key};
    hash_text(key, r->sender, r->key == SIGHTING_ENVELOPE, words);
    hash_text(key, r->recipient, true, words + 2);
    attempt.half[0] = siphash_words(key, words, 4);
    attempt.half[1] = siphash_words(&(struct siphash_key){key->k0, ~key->k1}, words, 4);
    return attempt;
}

static uint32_t client_check(const struct slots *s, const struct slot_key *attempt, const struct client *c)
{
    uint64_t words[6] = {attempt->half[0],  attempt->half[1],  attempt->byte,
                         c->prefix.half[0], c->prefix.half[1], c->seen};
    return slots_check(s, words, 6);
}

static void pack_client(const struct slots *s, const struct slot_key *attempt, const struct client *c,
                        uint64_t *cells)
{
    cells[0] = c->prefix.half[0];
    cells[1] = c->prefix.half[1];
    cells[2] = (uint64_t)c->seen << 32 | client_check(s, attempt, c);
}

static void unpack_client(const struct slots *s, const struct slot_key *attempt, const uint64_t *cells,
                          struct client *c)
{
    *c = (struct client){.prefix = {{cells[0], cells[1]}, 0}, .seen = (uint32_t)(cells[2] >> 32)};
    if (client_check(s, attempt, c) != (uint32_t)cells[2])
        *c = (struct client){.seen = 0};
}

/* The client that made all attempts with this key; 0 if there are several. */
static uint64_t holder(const struct slots *s, const struct slot *slot, const uint64_t *payload)
{
    uint64_t one = 0;
    for (size_t i = 0; i < SIGHTING_CLIENTS; i++) {
        struct client c;
        unpack_client(s, &slot->key, payload + i * CLIENT_CELLS, &c);
        if (!c.seen)
            continue;
        const struct ip_prefix prefix = key_prefix(&c.prefix);
        const uint64_t his = prefix_holder(&s->file.key, &prefix.ip);
        if (one && his != one)
            return 0;
        one = his;
    }
    return one;
}

int sightings_open(const char *dir, uint32_t entries, unsigned prefix4, unsigned prefix6, unsigned flags,
                   struct sightings **out, char *reason, size_t cap)
{
    const struct slots_shape shape = {
        .magic = "gpsight1", .record_size = RECORD_SIZE, .entries = entries, .holder = holder};
    *out = NULL;
    struct sightings *s = malloc(sizeof *s);
    if (!s) {
        snprintf(reason, cap, "sightings: out of memory");
        return -1;
    }
    s->prefix4 = prefix4;
    s->prefix6 = prefix6;
    int outcome = slots_open(&s->slots, dir, "sightings", &shape,
                             flags & SIGHTINGS_READ_ONLY ? STATE_READ_ONLY : 0, reason, cap);
    if (outcome == 1)
        *out = s;
    else
        free(s);
    return outcome;
}

static bool is_client(const struct client *c, const struct slot_key *prefix)
{
    return c->seen && c->prefix.half[0] == prefix->half[0] && c->prefix.half[1] == prefix->half[1];
}

/* When the client was seen; 0 if the clock was wrong then. */
static uint32_t seen_at(const struct client *c, int64_t now)
{
    return (int64_t)c->seen - now <= SLOTS_CLOCK_SLACK ? c->seen : 0;
}

/* The place for the client: its own, or an empty one, or that of the client not seen for longest. */
static unsigned place_for(const struct client *clients, const struct slot_key *prefix, int64_t now)
{
    unsigned place = 0;
    for (unsigned i = 0; i < SIGHTING_CLIENTS; i++) {
        if (is_client(clients + i, prefix))
            return i;
        if (seen_at(clients + i, now) < seen_at(clients + place, now))
            place = i;
    }
    return place;
}

static uint32_t seconds(int64_t t)
{
    return t < 1 ? 1 : t < UINT32_MAX ? (uint32_t)t : UINT32_MAX;
}

/* Puts the client into the entry, or a new entry into the file, and returns all clients. */
static void write_client(struct slots *s, struct slot *slot, bool known, const struct sighting_request *r,
                         const struct slot_key *prefix, struct client *clients)
{
    uint64_t cells[PAYLOAD_CELLS] = {0};
    struct client client = {*prefix, seconds(r->now)};
    uint32_t until = seconds(r->now + (r->window < SLOTS_LONGEST ? r->window : SLOTS_LONGEST));
    if (known) {
        slots_payload(s, slot, cells);
        for (unsigned i = 0; i < SIGHTING_CLIENTS; i++)
            unpack_client(s, &slot->key, cells + (size_t)i * CLIENT_CELLS, clients + i);
    }
    unsigned place = place_for(clients, prefix, r->now);
    /* A known client changes only its last cell, in one store. */
    unsigned keep = is_client(clients + place, prefix) ? CLIENT_CELLS - 1 : 0;
    uint64_t *mine = cells + (size_t)place * CLIENT_CELLS;
    pack_client(s, &slot->key, &client, mine);
    clients[place] = client;
    if (known) {
        slots_rewrite(s, slot, place * CLIENT_CELLS + keep, mine + keep, CLIENT_CELLS - keep);
        if (until > slot->until || !slots_in_force(slot->until, r->now))
            slots_renew(s, slot, until, slot->note);
    } else {
        slot->until = until;
        slot->first = slot->last = client.seen;
        slots_put(s, slot, cells, r->now);
    }
}

/* The clients within the window, by time. */
static void collect(const struct client *clients, const struct sighting_request *r, struct sighting *out)
{
    uint32_t seen[SIGHTING_CLIENTS] = {0};
    for (unsigned i = 0; i < SIGHTING_CLIENTS; i++) {
        uint32_t when = seen_at(clients + i, r->now);
        if (!when || (int64_t)when + r->window <= r->now)
            continue;
        unsigned at = out->count++;
        for (; at > 0 && seen[at - 1] > clients[i].seen; at--) {
            seen[at] = seen[at - 1];
            out->clients[at] = out->clients[at - 1];
        }
        seen[at] = clients[i].seen;
        out->clients[at] = key_prefix(&clients[i].prefix).ip;
    }
}

int sightings_note(struct sightings *s, const struct sighting_request *request, struct sighting *out,
                   char *reason, size_t cap)
{
    struct slots_lock lock;
    struct slot slot;
    struct client clients[SIGHTING_CLIENTS] = {{.seen = 0}};
    struct slot_key attempt = attempt_key(s, request);
    struct slot_key prefix = prefix_key(request->client, request->client->v6 ? s->prefix6 : s->prefix4);
    *out = (struct sighting){.count = 0};
    if (slots_lock(&s->slots, request->wait, &lock, reason, cap) != 0)
        return -1;
    bool known = slots_find(&s->slots, &attempt, &slot);
    if (!known)
        slot = (struct slot){.key = attempt};
    write_client(&s->slots, &slot, known, request, &prefix, clients);
    slots_unlock(&lock);
    collect(clients, request, out);
    return out->count >= request->clients;
}
