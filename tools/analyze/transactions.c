#include "transactions.h"

#include <stdlib.h>

enum { WAYS = 4 };

bool transactions_init(struct transactions *j, struct envelopes *envelopes, struct clients *clients,
                       struct mercury_blacklist *mercury, size_t files)
{
    *j = (struct transactions){.envelopes = envelopes,
                               .clients = clients,
                               .mercury = mercury,
                               .secret = hashmap_secret(),
                               .files = files};
    j->near = calloc(files ? files : 1, sizeof *j->near);
    j->lines = files > 1 ? calloc(TRANSACTIONS_LINES, sizeof *j->lines) : NULL;
    return j->near && (files < 2 || j->lines);
}

void transactions_fini(struct transactions *j)
{
    for (size_t i = 0; j->by_id && i < TRANSACTIONS_OPEN; i++)
        free(j->by_id[i].transaction);
    free(j->by_id);
    free(j->near);
    free(j->lines);
    *j = (struct transactions){.files = 0};
}

/* The same line in two logs is one event: Exim writes refusals to its main and its reject log, and syslog
 * often writes one message to two files. Both lines have the same second. */
static bool is_repeated(struct transactions *j, const struct log_event *e, int64_t time, size_t file)
{
    if (!j->lines)
        return false;
    uint64_t key = hashmap_key(&j->secret, e->line.p, e->line.n);
    struct transactions_line *l = &j->lines[key % TRANSACTIONS_LINES];
    if (l->key == key && l->time == time && l->file != file)
        return true;
    *l = (struct transactions_line){key, time, file};
    return false;
}

/* The transaction with that id, or NULL. */
static struct transaction *by_id(struct transactions *j, struct text id)
{
    uint64_t key = hashmap_key(&j->secret, id.p, id.n);
    struct transactions_place *set = j->by_id ? &j->by_id[key % (TRANSACTIONS_OPEN / WAYS) * WAYS] : NULL;
    for (size_t i = 0; set && i < WAYS; i++)
        if (set[i].key == key) {
            set[i].used = ++j->clock;
            return set[i].transaction;
        }
    return NULL;
}

/* T ends: its refusals whose client never showed belong to no client. */
static void give_up(struct transactions *j, struct transaction *t)
{
    if (!t->has_client)
        j->unclear += t->waiting;
    t->waiting = 0;
}

/* The same, but it is made if there is none: the one not touched for longest is dropped. NULL when out of
 * memory. */
static struct transaction *by_id_or_new(struct transactions *j, struct text id)
{
    uint64_t key = hashmap_key(&j->secret, id.p, id.n);
    struct transaction *t = by_id(j, id);
    if (t)
        return t;
    if (!j->by_id && !(j->by_id = calloc(TRANSACTIONS_OPEN, sizeof *j->by_id)))
        return NULL;
    struct transactions_place *set = &j->by_id[key % (TRANSACTIONS_OPEN / WAYS) * WAYS], *oldest = set;
    for (size_t i = 1; i < WAYS; i++)
        if (set[i].used < oldest->used)
            oldest = &set[i];
    if (!oldest->transaction && !(oldest->transaction = calloc(1, sizeof *t)))
        return NULL;
    give_up(j, oldest->transaction);
    *oldest->transaction = (struct transaction){.open = true};
    oldest->key = key;
    oldest->used = ++j->clock;
    return oldest->transaction;
}

static size_t copy(char *to, size_t cap, struct text from)
{
    size_t n = from.n < cap ? from.n : cap;
    memcpy(to, from.p, n);
    return n;
}

/* Known facts stay. */
static void learn(struct transaction *t, const struct log_event *e)
{
    if (e->has_client && !t->has_client) {
        t->has_client = true;
        t->client = e->client;
    }
    if (e->has_sender && !t->has_sender) {
        t->has_sender = true;
        t->sender_size = copy(t->sender, sizeof t->sender, e->sender);
    }
    if (e->has_recipient && !t->has_recipient) {
        t->has_recipient = true;
        t->recipient_size = copy(t->recipient, sizeof t->recipient, e->recipient);
    }
}

/* Reports what is known of T by now. */
static bool tell(struct transactions *j, struct transaction *t)
{
    bool ours = t->program == LOG_GATEPOST;
    if (!t->has_client)
        return true;
    for (; t->waiting; t->waiting--)
        if (!clients_take(j->clients, &t->client, text_of(t->reason, t->reason_size), t->time, ours))
            return false;
    if (j->traps && t->refused && !t->trapped && t->has_time && t->has_recipient) {
        t->trapped = true;
        if (!traps_refused(j->traps, text_of(t->recipient, t->recipient_size), &t->client,
                           text_of(t->reason, t->reason_size), t->time))
            return false;
    }
    if (t->done || !t->has_time || !t->sender_size || !t->has_recipient)
        return true;
    t->done = true;
    return envelopes_attempt(j->envelopes, &t->client, text_of(t->sender, t->sender_size),
                             text_of(t->recipient, t->recipient_size), t->time, ours);
}

/* All is in one line, but Exim's reject log may say more below. */
static bool take_whole(struct transactions *j, const struct log_event *e, int64_t time, size_t file,
                       bool repeated)
{
    struct transaction *t = &j->near[file];
    give_up(j, t);
    *t = (struct transaction){.time = time,
                              .has_time = e->has_stamp,
                              .program = e->program,
                              .open = true,
                              .last = true,
                              .waiting = repeated ? 0 : e->times};
    t->reason_size = copy(t->reason, sizeof t->reason, e->reason);
    learn(t, e);
    t->refused = true;
    t->done = t->trapped = repeated && t->has_recipient;
    return tell(j, t);
}

static bool take_refusal(struct transactions *j, const struct log_event *e, int64_t time, size_t file)
{
    bool repeated = is_repeated(j, e, time, file);
    if (!repeated) {
        j->refusals += e->times;
        *(e->busy ? &j->busy : &j->temporary) += e->temporary ? e->times : 0;
    }
    if (e->temporary) {
        give_up(j, &j->near[file]);
        j->near[file].open = false;
        return true;
    }
    if (e->program != LOG_SENDMAIL || !e->id.n)
        return take_whole(j, e, time, file, repeated);
    struct transaction *t = by_id_or_new(j, e->id);
    j->near[file].open = false;
    if (!t)
        return false;
    if (!t->waiting) {
        t->time = time;
        t->has_time = e->has_stamp;
        t->program = e->program;
        t->reason_size = copy(t->reason, sizeof t->reason, e->reason);
    }
    t->waiting += repeated ? 0 : e->times;
    t->refused = true;
    learn(t, e);
    return tell(j, t);
}

/* syslog did not write the refusal before this line again, but gives the count. */
static bool take_repetition(struct transactions *j, const struct log_event *e, int64_t time, size_t file)
{
    struct transaction *t = &j->near[file];
    if (!t->last || is_repeated(j, e, time, file))
        return true;
    j->refusals += e->times;
    t->waiting += e->times;
    t->time = time;
    return tell(j, t);
}

/* The transaction of a line without id: the refusal before it in this file, if it lacks just that. */
static struct transaction *nearby(struct transactions *j, const struct log_event *e, int64_t time, size_t file)
{
    struct transaction *t = &j->near[file];
    if (!t->open || t->program != e->program)
        return NULL;
    bool strange = time - t->time > TRANSACTIONS_NEAR_SECONDS || (e->has_sender && t->has_sender) ||
                   (e->has_client && t->has_client && !ip_eq(&e->client, &t->client));
    if (e->program == LOG_EXIM) /* it is directly below, and repeats the sender */
        strange = false;
    if (strange)
        t->open = false;
    return strange ? NULL : t;
}

static bool take_part(struct transactions *j, const struct log_event *e, int64_t time, size_t file)
{
    struct transaction *t = e->id.n ? by_id(j, e->id) : nearby(j, e, time, file);
    if (!t)
        return true;
    learn(t, e);
    return tell(j, t);
}

/* Notes what was accepted, and who sends from inside. Postfix splits this into two lines with one id. */
static bool take_traffic(struct transactions *j, const struct log_event *e)
{
    if (e->inside && e->id.n) {
        struct transaction *t = by_id_or_new(j, e->id);
        if (!t)
            return false;
        t->inside = true;
    }
    bool insider = e->insider.n;
    if (insider && e->program == LOG_POSTFIX) {
        const struct transaction *t = by_id(j, e->id);
        insider = t && t->inside;
    }
    return (!e->accepted.n || traps_accepted(j->traps, e->accepted)) &&
           (!insider || traps_accepted(j->traps, e->insider));
}

bool transactions_take(struct transactions *j, const struct log_event *e, int64_t time, size_t file)
{
    if (e->kind != LOG_REPEATED && e->kind != LOG_PART)
        j->near[file].last = false;
    if (j->traps && !take_traffic(j, e))
        return false;
    if (e->program == LOG_EXIM && e->has_stamp && e->kind == LOG_OTHER)
        j->near[file].open = false;
    if (e->program == LOG_MERCURY && e->has_stamp && e->kind != LOG_UNKNOWN)
        mercury_blacklist_at(j->mercury, time);
    switch (e->kind) {
    case LOG_REFUSAL:
        return take_refusal(j, e, time, file);
    case LOG_REPEATED:
        return take_repetition(j, e, time, file);
    case LOG_PART:
        return take_part(j, e, time, file);
    case LOG_BLACKLISTED:
    case LOG_RESTRICTED:
        if (is_repeated(j, e, time, file))
            return true;
        j->refusals++;
        return mercury_blacklist_take(j->mercury, e->name, e->kind == LOG_RESTRICTED, time) &&
               (!e->has_client || clients_take(j->clients, &e->client, e->reason, time, false));
    default:
        return true;
    }
}

void transactions_finish(struct transactions *j)
{
    for (size_t i = 0; j->by_id && i < TRANSACTIONS_OPEN; i++)
        if (j->by_id[i].transaction)
            give_up(j, j->by_id[i].transaction);
    for (size_t i = 0; i < j->files; i++)
        give_up(j, &j->near[i]);
}
