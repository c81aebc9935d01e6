#include "session.h"

#include <stdlib.h>

#include "parts.h"
#include "exemption.h"
#include "repeats.h"

enum { FIELD_MOST = 1 << 20 };

static const struct settings no_settings; /* while no rules are in force */

static void take_client(struct gp_session *s, const struct gp_client *c)
{
    struct facts *f = &s->facts;
    keep_set(&s->kept[KEPT_CLIENT], text_of(c->address, c->address_size));
    f->client_text = keep_text(&s->kept[KEPT_CLIENT]);
    f->client_known = ip_parse(f->client_text, &f->client);
    f->client_port = c->port;
    f->local_known = ip_parse(text_of(c->local_address, c->local_address_size), &f->local);
    f->local_port = c->local_port;
    keep_set(&s->kept[KEPT_LOCAL_NAME], text_of(c->local_name, c->local_name_size));
    f->local_name = keep_text(&s->kept[KEPT_LOCAL_NAME]);
    s->not_network = f->client_text.n == 0;
    s->connect_was_asked = (c->flags & GP_CONNECT_ASKED) != 0;
    session_client_name(s, c->name, c->name_size, c->name_state);
}

static struct table *table_of(void *context, unsigned slot)
{
    struct gp_session *s = context;
    struct table *t;
    return policy_table(s->policy, slot, &t) == 1 ? t : NULL;
}

/* Everything but the texts is set to zero. The texts are most of the struct, and each is written before it
 * is read. */
static struct gp_session *session_new(void)
{
    struct gp_session *s = malloc(sizeof *s);
    if (!s)
        return NULL;
    memset(s, 0, offsetof(struct gp_session, kept));
    for (size_t i = 0; i < KEPT_COUNT; i++)
        keep_init(&s->kept[i]);
    return s;
}

/* Memory whose size depends on the rules. */
static bool make_room(struct gp_session *s)
{
    const size_t words = block_most_rules(s->rules) / 64 + 1;
    const size_t counters = block_counter_count(s->rules);
    s->words[0] = malloc((2 * words + (counters + 1) / 2) * sizeof *s->words[0]);
    if (!s->words[0])
        return false;
    s->words[1] = s->words[0] + words;
    s->counts = (uint32_t *)(void *)(s->words[1] + words);
    s->facts.field_count = s->counts;
    memset(s->counts, 0, counters * sizeof *s->counts);
    return true;
}

int session_open(struct gp_engine *engine, const struct gp_client *client, struct gp_session **session)
{
    struct gp_client c = {0};
    *session = NULL;
    /* Without its address a client would never be judged, and nobody would notice. */
    if (client->size < offsetof(struct gp_client, name)) {
        engine_log(engine, GP_LOG_ERROR,
                   "gatepost: a session cannot be opened: the size of gp_client is not set");
        return -1;
    }
    struct gp_session *s = session_new();
    if (!s)
        return -1;
    memcpy(&c, client, client->size < sizeof c ? client->size : sizeof c);
    s->engine = engine;
    s->wait_left = SESSION_WAIT_MS;
    s->policy = engine_policy(engine);
    s->rules = policy_rules(s->policy);
    s->facts.plugins = policy_checks(s->policy);
    s->settings = s->rules ? block_settings(s->rules) : &no_settings;
    s->facts.rules = s->rules;
    s->facts.table = table_of;
    s->facts.table_context = s;
    header_init(&s->reader, FIELD_MOST, session_on_field, s);
    take_client(s, &c);
    if (s->rules) {
        if (!make_room(s)) {
            session_close(&s);
            return -1;
        }
        s->own_network = s->facts.client_known && block_own_network(s->rules, &s->facts.client);
        s->waits_for_auth = block_submission_port(s->rules, c.local_port);
    }
    *session = s;
    return 0;
}

void session_close(struct gp_session **session)
{
    struct gp_session *s = *session;
    *session = NULL;
    if (!s)
        return;
    repeats_flush(s);
    repeats_fini(s);
    for (size_t i = 0; i < KEPT_COUNT; i++)
        keep_fini(&s->kept[i]);
    header_fini(&s->reader);
    free(s->words[0]);
    free(s->recipients);
    policy_unref(&s->policy);
    free(s);
}

static bool table_has_names(struct gp_session *s, unsigned slot)
{
    struct table *t;
    return policy_table(s->policy, slot, &t) == 1 && table_has_client_names(t);
}

uint32_t session_needs(struct gp_session *s)
{
    if (!s->rules || s->facts.name_state != GP_NAME_UNKNOWN || (s->facts.unknown & GP_FACT_NAME) ||
        session_is_never_judged(s))
        return 0;
    bool name = s->settings->needs_name || table_has_names(s, TABLE_BLOCK) || table_has_names(s, TABLE_EXEMPT);
    return name ? GP_FACT_NAME : 0;
}

void session_client_name(struct gp_session *s, const char *name, size_t n, uint32_t name_state)
{
    s->facts.name_state = name_state <= GP_NAME_FORGED ? name_state : GP_NAME_UNKNOWN;
    if (!keep_set(&s->kept[KEPT_NAME], s->facts.name_state == GP_NAME_VERIFIED ? text_of(name, n) : TEXT("")))
        session_lose(s, GP_FACT_NAME, &s->kept[KEPT_NAME]);
    s->facts.name = keep_text(&s->kept[KEPT_NAME]);
    exemption_forget(s, TAG_CLIENT);
}

void session_unknown(struct gp_session *s, uint32_t facts)
{
    s->facts.unknown |= facts;
    if (facts & GP_FACT_ALL_FIELDS)
        s->facts.fields_incomplete = true;
}

const char *session_setting(struct gp_session *s, const char *name)
{
    unsigned which = host_settings_find(text_z(name));
    return s->rules && which < HOST_SETTINGS ? block_text(s->rules, s->settings->host[which]).p : NULL;
}

void session_trace(struct gp_session *s, void (*line)(void *context, const char *line, size_t n), void *context)
{
    s->trace = line;
    s->trace_context = context;
}
