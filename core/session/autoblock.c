#include "autoblock.h"

#include "address.h"
#include "statistics.h"
#include "exemption.h"
#include "core/state/blocklist.h"
#include "core/state/sightings.h"

/* Logs a failure for this client, once a session. A file that cannot be used at all would give a line for
 * every session of a client that keeps coming: then it is logged once for each client. */
static void complain(struct gp_session *s, const char *what, const char *reason, bool unusable, bool *said)
{
    char line[512], address[IP_TEXT_MAX];
    struct writer w = writer_on(line, sizeof line);
    if (*said)
        return;
    *said = true;
    ip_format(&s->facts.client, address);
    writer_printf(&w, "gatepost: %s: client=%s: %.300s", what, address,
                  reason[0] ? reason : "there is no state directory");
    if (unusable)
        engine_log_once(s->engine, GP_LOG_ERROR, line);
    else
        engine_log(s->engine, GP_LOG_ERROR, line);
}

static void say_full(struct gp_session *s, const struct block_outcome *outcome)
{
    char line[200];
    struct writer w = writer_on(line, sizeof line);
    writer_printf(
        &w,
        "gatepost: the blocklist is full: %llu entries were dropped so far to make room; make it larger with "
        "'gatepost blocks "
        "resize'",
        (unsigned long long)outcome->evicted);
    engine_log(s->engine, GP_LOG_WARNING, line);
}

/* Returns for how many seconds the client stays from now on, 0 if it could not be put there. A client that
 * was not listed counts as COUNTER. */
static uint32_t put(struct gp_session *s, const struct block_request *request, enum stats_counter counter)
{
    char why[300];
    struct block_outcome outcome;
    struct blocklist *list;
    bool added;
    /* If `gatepost blocks resize` replaced the file while this call waited for the lock, the new one takes the entry. */
    unsigned tries = 0;
    do {
        list = engine_state_file(s->engine, STATE_FILES_BLOCKLIST, s->settings, true, why, sizeof why);
        added = list && blocklist_add(list, request, &outcome, why, sizeof why) == 0;
    } while (!added && list && blocklist_retired(list) && ++tries < 3);
    if (!added) {
        complain(s, "a client could not be put on the blocklist", why, !list, &s->said_unlisted);
        statistics_event(s, STATS_GIVEN_UP);
        return 0;
    }
    if (outcome.say_full)
        say_full(s, &outcome);
    if (outcome.event == BLOCK_FIRST || outcome.event == BLOCK_AGAIN)
        statistics_event(s, counter);
    return outcome.entry.until > request->now ? (uint32_t)(outcome.entry.until - request->now) : 0;
}

/* Bounces and callouts have the null sender. They come from honest servers, to whatever sender others have
 * forged. */
static bool is_bounce(const struct gp_session *s)
{
    return s->in_transaction && s->facts.sender.address.n == 0 && !(s->facts.unknown & GP_FACT_MAIL);
}

uint32_t autoblock_for_rule(struct gp_session *s, const struct rule *rule)
{
    char cause[300];
    struct writer w = writer_on(cause, sizeof cause);
    if (!(rule->flags & RULE_BLOCK) || (is_bounce(s) && !(rule->flags & RULE_BOUNCES)) ||
        !exemption_allows_listing(s))
        return 0;
    if (s->settings->log_only || !engine_keeps_state(s->engine))
        return rule->block_seconds ? rule->block_seconds : s->settings->block_time[0];
    block_cause(s->rules, rule, &w);
    struct block_request request = {.client = &s->facts.client,
                                    .now = engine_now(s->engine, s->rules),
                                    .memory = s->settings->block_memory,
                                    .fixed_seconds = rule->block_seconds,
                                    .kind = BLOCK_RULE,
                                    .cause = writer_text(&w),
                                    .wait = &s->wait_left};
    memcpy(request.steps, s->settings->block_time, sizeof request.steps);
    return put(s, &request, STATS_BLOCKED);
}

/* Makes the key of a pattern for this attempt. Returns false if there is none: the null sender and short
 * subjects make no attempts the same. */
static bool key_of(struct gp_session *s, const struct relay_pattern *pattern, const struct decision *d,
                   struct sighting_request *request)
{
    enum { SUBJECT_LEAST = 8 };
    if (pattern->key == RELAY_SUBJECT) {
        request->key = SIGHTING_SUBJECT;
        request->sender = keep_text(&s->kept[KEPT_SUBJECT]);
        return s->has_subject && d->phase >= GP_PHASE_DATA && request->sender.n >= SUBJECT_LEAST;
    }
    request->key = SIGHTING_ENVELOPE;
    if (!address_keep_plain(&s->facts.sender, &s->kept[KEPT_PLAIN_SENDER]))
        return false;
    request->sender = keep_text(&s->kept[KEPT_PLAIN_SENDER]);
    request->recipient = keep_text(&s->kept[KEPT_FIRST_RCPT]);
    return s->in_transaction && s->has_first_rcpt && d->phase >= GP_PHASE_RCPT && request->sender.n;
}

/* Writes one line with the clients and what their attempts have in common. */
static void say_relays(struct gp_session *s, const struct sighting_request *request,
                       const struct sighting *sighting)
{
    char line[2048], address[IP_TEXT_MAX];
    struct writer w = writer_on(line, sizeof line);
    bool envelope = request->key == SIGHTING_ENVELOPE;
    writer_printf(&w, "gatepost: relay-pattern %s=", envelope ? "from" : "subject");
    writer_quoted(&w, request->sender, 200);
    if (envelope) {
        writer_add(&w, TEXT(" to="));
        writer_quoted(&w, request->recipient, 200);
    }
    writer_add(&w, TEXT(" clients="));
    for (unsigned i = 0; i < sighting->count; i++) {
        writer_add(&w, i ? TEXT(",") : TEXT(""));
        writer_add(&w, text_of(address, ip_format(&sighting->clients[i], address)));
    }
    if (!s->settings->relay_log) {
        writer_add(&w, TEXT(" blocked="));
        writer_duration(&w, s->settings->relay_block);
    }
    engine_log(s->engine, GP_LOG_NOTICE, line);
}

/* Puts every client of a sighting on the list. Returns the seconds of the last one, which is the session's. */
static uint32_t put_relays(struct gp_session *s, const struct sighting *sighting, int64_t now)
{
    uint32_t seconds = 0;
    unsigned code;
    struct text enhanced, rest;
    reply_split(block_text(s->rules, s->settings->relay_reply), &code, &enhanced, &rest);
    for (unsigned i = 0; i < sighting->count; i++) {
        struct block_request request = {.client = &sighting->clients[i],
                                        .now = now,
                                        .memory = s->settings->block_memory,
                                        .fixed_seconds = s->settings->relay_block,
                                        .kind = BLOCK_RELAY,
                                        .cause = rest,
                                        .wait = &s->wait_left};
        seconds = put(s, &request, STATS_RELAYS);
    }
    return seconds;
}

/* An honest forwarder passes on spam that others have sent to it. A client in own-networks, or with an entry
 * of its own in the exemption table, is not a relay: returns 1 if it is not, 0 if it may be, -1 if this is
 * not known. */
static int is_known(struct gp_session *s, const struct ip *client, struct text name)
{
    return block_own_network(s->rules, client) ? 1 : exemption_has_entry(s, client, name);
}

/* Leaves out the exempt clients, also those that became exempt after their attempt. Returns false if this is
 * not known. */
static bool leave_out(struct gp_session *s, struct sighting *sighting)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < sighting->count; i++) {
        int known = is_known(s, &sighting->clients[i], TEXT(""));
        if (known < 0)
            return false;
        if (!known)
            sighting->clients[kept++] = sighting->clients[i];
    }
    sighting->count = kept;
    return true;
}

static uint32_t note_sighting(struct gp_session *s, struct sighting_request *request)
{
    char why[300];
    struct sighting sighting;
    struct sightings *sightings =
        engine_state_file(s->engine, STATE_FILES_SIGHTINGS, s->settings, true, why, sizeof why);
    int known = sightings ? sightings_note(sightings, request, &sighting, why, sizeof why) : -1;
    if (known < 0) {
        complain(s, "a rejected attempt could not be noted", why, !sightings, &s->said_unnoted);
        statistics_event(s, STATS_GIVEN_UP);
        return 0;
    }
    statistics_event(s, STATS_SIGHTINGS);
    if (known == 0 || !leave_out(s, &sighting) || sighting.count < request->clients)
        return 0;
    say_relays(s, request, &sighting);
    return s->settings->relay_log ? 0 : put_relays(s, &sighting, request->now);
}

uint32_t autoblock_for_pattern(struct gp_session *s, const struct decision *d)
{
    const struct span patterns = s->settings->relay_patterns;
    uint32_t longest = 0;
    if (patterns.n == 0 || d->cause != CAUSE_RULE || (d->reply.n && d->reply.p[0] == '4') ||
        s->settings->log_only || !engine_keeps_state(s->engine) || is_bounce(s) ||
        !exemption_allows_listing(s) || is_known(s, &s->facts.client, s->facts.name) != 0)
        return 0;
    for (uint32_t i = 0; i < patterns.n; i++) {
        const struct relay_pattern *pattern = block_element(s->rules, patterns, i, sizeof *pattern);
        struct sighting_request request = {
            .client = &s->facts.client, .now = engine_now(s->engine, s->rules), .wait = &s->wait_left};
        if (!pattern || !key_of(s, pattern, d, &request))
            continue;
        request.window = pattern->seconds;
        request.clients = pattern->clients;
        uint32_t seconds = note_sighting(s, &request);
        if (seconds > longest)
            longest = seconds;
    }
    return longest;
}
