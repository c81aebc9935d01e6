#include "blocked.h"

#include "decision.h"
#include "core/state/blocklist.h"
#include "log.h"

/* How far the decision reaches: a listed client or name is refused for the session, an address for the
 * command. */
static const struct {
    enum table_tag tag;
    enum gp_phase phase;
    enum gp_action action;
} about[] = {
    [OP_CONNECT] = {TAG_CLIENT, GP_PHASE_CONNECT, GP_CLOSE},
    [OP_HELO] = {TAG_HELO, GP_PHASE_HELO, GP_REFUSE},
    [OP_MAIL] = {TAG_FROM, GP_PHASE_MAIL, GP_FAIL},
    [OP_RCPT] = {TAG_TO, GP_PHASE_RCPT, GP_FAIL},
};

static int look_up_mailbox(const struct table *t, enum table_tag tag, const struct mailbox *m,
                           struct text *reply, struct text *key)
{
    char room[256];
    return m->address.n || m->null_sender
               ? table_mailbox(t, tag, mailbox_plain(m, room, sizeof room), m->domain, reply, key)
               : 0;
}

static int look_up(const struct gp_session *s, const struct table *t, enum operation op, struct text *reply,
                   struct text *key)
{
    const struct facts *f = &s->facts;
    int found;
    switch (op) {
    case OP_CONNECT:
        return f->client_known ? table_client(t, &f->client, f->name, reply, key) : 0;
    case OP_HELO:
        return f->helo.n && !(f->unknown & GP_FACT_HELO) ? table_helo(t, f->helo, reply, key) : 0;
    default:
        found = f->unknown & (op == OP_MAIL ? GP_FACT_MAIL : GP_FACT_RCPT)
                    ? 0
                    : look_up_mailbox(t, about[op].tag, op == OP_MAIL ? &f->sender : &f->recipient, reply, key);
        return found != 0
                   ? found
                   : look_up_mailbox(t, about[op].tag, op == OP_MAIL ? &f->second_sender : &f->second_recipient,
                                     reply, key);
    }
}

void blocked_by_table(struct gp_session *s, enum operation op, struct decision *d)
{
    struct table *t;
    struct text reply, key;
    if (policy_table(s->policy, TABLE_BLOCK, &t) != 1 || !table_has_tag(t, about[op].tag))
        return;
    int found = look_up(s, t, op, &reply, &key);
    if (found < 0)
        policy_table_damaged(s->policy, TABLE_BLOCK);
    if (found != 1)
        return;
    const struct decision listed = {.action = about[op].action,
                                    .phase = about[op].phase,
                                    .operation = op,
                                    .cause = CAUSE_BLOCK_TABLE,
                                    .reply = reply};
    int exempt = decision_unless_exempt(s, &listed, d);
    session_log_trace(s, " block-table: '%.*s'%s", (int)key.n, key.p, exempt ? ": spared" : "");
}

void blocked_by_list(struct gp_session *s, struct decision *d)
{
    char why[200];
    struct block_entry entry;
    int64_t now;
    if (!s->facts.client_known)
        return;
    struct blocklist *list =
        engine_state_file(s->engine, STATE_FILES_BLOCKLIST, s->settings, false, why, sizeof why);
    if (!list || !blocklist_lookup(list, &s->facts.client, now = engine_now(s->engine, s->rules), &entry))
        return;
    const struct span reply = entry.kind == BLOCK_RELAY ? s->settings->relay_reply : s->settings->block_reply;
    const struct decision listed = {.action = GP_CLOSE,
                                    .phase = GP_PHASE_CONNECT,
                                    .operation = OP_CONNECT,
                                    .cause = CAUSE_BLOCKLIST,
                                    .reply = block_text(s->rules, reply)};
    int exempt = decision_unless_exempt(s, &listed, d);
    session_log_trace(s, " blocklist: %s, for %lld seconds more%s", entry.cause, (long long)(entry.until - now),
                      exempt ? ": spared" : "");
    if (exempt == 0 && !s->settings->log_only && !s->silent)
        blocklist_hit(list, &entry, now);
}
