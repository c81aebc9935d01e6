#include "checks.h"

#include "core/base/scan.h"
#include "core/mail/address_name.h"
#include "core/mail/domain.h"
#include "core/mail/helo.h"
#include "core/mail/idn.h"
#include "core/mail/msgid.h"
#include "core/table/table.h"

/* Writes a reason in words, if the caller wants one. */
#define WHY(why, ...)                                                                                          \
    do {                                                                                                       \
        if (why)                                                                                               \
            writer_printf(why, __VA_ARGS__);                                                                   \
    } while (0)

#define SHOW(t) (int)((t).n < 100 ? (t).n : 100), (t).p

static bool name_is_ours(const struct facts *f, struct text name)
{
    char room[IDN_MAX], local_room[IDN_MAX];
    return block_own_name(f->rules, name) || (f->local_name.n && name.n &&
                                              text_eq_nocase(domain_trim(idn_name(name, room)),
                                                             domain_trim(idn_name(f->local_name, local_room))));
}

static int match_own_name(const struct facts *f, uint32_t operand, struct writer *why)
{
    const struct helo h = helo_read(f->helo);
    (void)operand;
    if (h.is_address ? block_own_address(f->rules, &h.ip) || (f->local_known && ip_eq(&h.ip, &f->local))
                     : name_is_ours(f, h.name)) {
        WHY(why, "'%.*s' is one of our %s", SHOW(h.name), h.is_address ? "addresses" : "names");
        return 1;
    }
    WHY(why, "'%.*s' is not one of our names or addresses", SHOW(f->helo));
    return 0;
}

static int match_fqdn(const struct facts *f, uint32_t operand, struct writer *why)
{
    struct ip ip;
    (void)operand;
    if (domain_is_qualified(f->helo)) {
        WHY(why, "'%.*s' is a domain name of two labels or more", SHOW(f->helo));
        return 1;
    }
    if (ip_literal_parse(f->helo, &ip)) {
        WHY(why, "'%.*s' is an address literal", SHOW(f->helo));
        return 1;
    }
    WHY(why, "'%.*s' is neither a domain name of two labels or more nor an address literal", SHOW(f->helo));
    return 0;
}

static int match_bare_address(const struct facts *f, uint32_t operand, struct writer *why)
{
    struct ip ip;
    (void)operand;
    bool bare = ip_parse(f->helo, &ip);
    WHY(why, "'%.*s' is %s address without brackets", SHOW(f->helo), bare ? "an" : "not an");
    return bare;
}

static int match_client_literal(const struct facts *f, uint32_t operand, struct writer *why)
{
    struct ip ip;
    (void)operand;
    if (!ip_literal_parse(f->helo, &ip)) {
        WHY(why, "'%.*s' is not an address literal", SHOW(f->helo));
        return 0;
    }
    if (!f->client_known) {
        WHY(why, "the client's address is not known");
        return -1;
    }
    bool same = ip_eq(&ip, &f->client);
    WHY(why, "'%.*s' %s the client's address %.*s", SHOW(f->helo), same ? "is" : "is not",
        SHOW(f->client_text));
    return same;
}

static int match_own_sender(const struct facts *f, uint32_t operand, struct writer *why)
{
    (void)operand;
    const struct text *domain = &f->sender.domain;
    bool ours = domain->n && name_is_ours(f, *domain);
    if (!ours && f->second_sender.domain.n && name_is_ours(f, f->second_sender.domain)) {
        domain = &f->second_sender.domain;
        ours = true;
    }
    WHY(why, "the sender's domain '%.*s' is %s", SHOW(*domain), ours ? "ours" : "not ours");
    return ours;
}

static struct table *open_table(const struct facts *f, uint32_t slot, struct writer *why)
{
    struct table *t = f->table ? f->table(f->table_context, slot) : NULL;
    if (!t)
        WHY(why, "the table does not exist or cannot be used");
    return t;
}

/* Writes the result of a look-up; RESULT is the table's 1, 0 or -1. */
static int looked_up(int result, struct text what, struct text key, struct writer *why)
{
    if (result < 0)
        WHY(why, "the table is damaged");
    else if (result)
        WHY(why, "'%.*s' is in the table as '%.*s'", SHOW(what), SHOW(key));
    else
        WHY(why, "'%.*s' is not in the table", SHOW(what));
    return result;
}

/* Returns LOCAL without the tag of a recipient ("sugar" for "sugar+x"), if the settings name the delimiter. */
static struct text without_tag(const struct facts *f, struct text local)
{
    const char *delimiters = block_settings(f->rules)->recipient_delimiter;
    for (size_t i = 1; i < local.n; i++)
        for (size_t d = 0; d < RECIPIENT_DELIMITERS && delimiters[d]; d++)
            if (local.p[i] == delimiters[d])
                return text_of(local.p, i);
    return local;
}

static int match_mailbox(const struct facts *f, uint32_t slot, enum table_tag tag, const struct mailbox *m,
                         struct writer *why)
{
    char plain[256];
    struct text value, key = {"", 0};
    struct table *t = open_table(f, slot, why);
    if (!t)
        return -1;
    struct text local = mailbox_plain(m, plain, sizeof plain);
    int found = table_mailbox(t, tag, local, m->domain, &value, &key);
    if (found == 0 && tag == TAG_TO) {
        const struct text name = without_tag(f, local);
        if (name.n < local.n)
            found = table_mailbox(t, tag, name, m->domain, &value, &key);
    }
    return looked_up(found, m->address, key, why);
}

/* Whether the latest recipient, in either spelling, is a trap. */
static int recipient_is_trap(const struct facts *f, struct writer *why)
{
    int found = match_mailbox(f, TABLE_TRAP, TAG_TO, &f->recipient, why);
    if (found != 0 || f->second_recipient.address.n == 0)
        return found;
    WHY(why, "; ");
    return match_mailbox(f, TABLE_TRAP, TAG_TO, &f->second_recipient, why);
}

int checks_trap(const struct facts *f)
{
    return recipient_is_trap(f, NULL);
}

static int match_trap(const struct facts *f, uint32_t operand, struct writer *why)
{
    (void)operand;
    if (f->asking <= OP_RCPT)
        return recipient_is_trap(f, why);
    WHY(why, "%s",
        f->trap_offered < 0   ? "the table does not exist or cannot be used"
        : f->trap_offered > 0 ? "a recipient of this message is in the table"
                              : "no recipient of this message is in the table");
    return f->trap_offered;
}

static const char *const msgid_words[] = {
    [MSGID_RFC] = "", [MSGID_STRICT] = "strict", [MSGID_SENDMAIL] = "sendmail", [MSGID_WORD] = "word", NULL};

static int match_msgid(const struct facts *f, uint32_t operand, struct writer *why)
{
    struct text value = text_trim(f->field->value);
    if (operand > MSGID_WORD || f->field->cut) {
        WHY(why, "the field is too long to judge");
        return -1;
    }
    bool good = msgid_is_valid(value, (enum msgid_mode)operand);
    WHY(why, "'%.*s' is %s", SHOW(value), good ? "a message identifier" : "not a message identifier");
    return good;
}

static bool header_is_whole(const struct facts *f)
{
    return !f->fields_incomplete && !(f->unknown & GP_FACT_ALL_FIELDS);
}

/* Returns how often the field occurs. */
static uint32_t occurrences(const struct facts *f, uint32_t counter)
{
    return f->field_count && counter < block_counter_count(f->rules) ? f->field_count[counter] : 0;
}

static int match_has(const struct facts *f, uint32_t operand, struct writer *why)
{
    uint32_t n = occurrences(f, operand);
    if (n == 0 && !header_is_whole(f)) {
        WHY(why, "the server did not pass on the whole header");
        return -1;
    }
    WHY(why, "the field occurs %u times", (unsigned)n);
    return n > 0;
}

static int match_once(const struct facts *f, uint32_t operand, struct writer *why)
{
    uint32_t n = occurrences(f, operand);
    if (n < 2 && !header_is_whole(f)) {
        WHY(why, "the server did not pass on the whole header");
        return -1;
    }
    WHY(why, "the field occurs %u times", (unsigned)n);
    return n == 1;
}

static int match_in_client(const struct facts *f, uint32_t slot, struct writer *why)
{
    struct text value, key = {"", 0};
    struct table *t = open_table(f, slot, why);
    if (!t || !f->client_known)
        return -1;
    return looked_up(table_client(t, &f->client, f->name, &value, &key), f->client_text, key, why);
}

static int match_in_helo(const struct facts *f, uint32_t slot, struct writer *why)
{
    struct text value, key = {"", 0};
    struct table *t = open_table(f, slot, why);
    return t ? looked_up(table_helo(t, f->helo, &value, &key), f->helo, key, why) : -1;
}

/* What in(NAME, FACT) looks up; the first is none, the operation decides then. */
enum in_fact { IN_NONE, IN_CLIENT, IN_HELO, IN_FROM, IN_TO };

static const char *const in_words[] = {"client", "helo", "from", "to", NULL};

static enum in_fact in_fact(uint32_t operand, enum operation op)
{
    static const enum in_fact of_operation[OP_COUNT] = {[OP_CONNECT] = IN_CLIENT,
                                                        [OP_HELO] = IN_HELO,
                                                        [OP_HELO_DEFERRED] = IN_HELO,
                                                        [OP_MAIL] = IN_FROM,
                                                        [OP_RCPT] = IN_TO};
    const uint32_t said = operand >> 16;
    return said ? said <= IN_TO ? (enum in_fact)said : IN_NONE : of_operation[op];
}

static int match_in(const struct facts *f, uint32_t operand, struct writer *why)
{
    static const uint32_t needed[] = {
        [IN_HELO] = GP_FACT_HELO, [IN_FROM] = GP_FACT_MAIL, [IN_TO] = GP_FACT_RCPT};
    const uint32_t slot = operand & 0xffff;
    const enum in_fact fact = in_fact(operand, f->asking);
    if (needed[fact] & f->unknown) {
        WHY(why, "cannot say: the server did not pass on what the test needs");
        return -1;
    }
    switch (fact) {
    case IN_CLIENT:
        return match_in_client(f, slot, why);
    case IN_HELO:
        return match_in_helo(f, slot, why);
    case IN_FROM:
        return match_mailbox(f, slot, TAG_FROM, &f->sender, why);
    case IN_TO:
        return match_mailbox(f, slot, TAG_TO, &f->recipient, why);
    default:
        return -1;
    }
}

static const char *const address_words[] = {"dashed", "dotted", "reversed", "joined", "padded", "hex", NULL};

static int match_address_in(const struct facts *f, struct text name, uint32_t classes, struct writer *why)
{
    if (!f->client_known) {
        WHY(why, "the client's address is not known");
        return -1;
    }
    unsigned found = address_name_find(&f->client, name, classes);
    if (found)
        WHY(why, "'%.*s' contains the address %.*s, %s", SHOW(name), SHOW(f->client_text),
            address_name_word(found));
    else
        WHY(why, "'%.*s' does not contain the address %.*s", SHOW(name), SHOW(f->client_text));
    return found != 0;
}

static int match_helo_has_address(const struct facts *f, uint32_t operand, struct writer *why)
{
    /* A literal is the address itself: client-literal. */
    if (f->helo.n && f->helo.p[0] == '[') {
        WHY(why, "'%.*s' is an address literal", SHOW(f->helo));
        return 0;
    }
    return match_address_in(f, f->helo, operand, why);
}

static int match_name_has_address(const struct facts *f, uint32_t operand, struct writer *why)
{
    if (f->name.n == 0) {
        WHY(why, "the client has no verified name");
        return f->name_state == GP_NAME_UNKNOWN ? -1 : 0;
    }
    return match_address_in(f, f->name, operand, why);
}

static int match_own_trace(const struct facts *f, uint32_t operand, struct writer *why)
{
    (void)operand;
    const bool ours =
        (f->name.n && name_is_ours(f, f->name)) || (f->client_known && block_own_address(f->rules, &f->client));
    if (ours) {
        WHY(why, "the client is one of our own hosts");
        return -1;
    }
    if (!f->trace_seen && !header_is_whole(f)) {
        WHY(why, "the server did not pass on the whole header");
        return -1;
    }
    const bool holds = f->trace_by.n && name_is_ours(f, f->trace_by);
    WHY(why, "the newest Received field says 'by %.*s', which is %s", SHOW(f->trace_by),
        holds ? "one of our names" : "not one of our names");
    return holds;
}

enum {
    AT_HELO = OP_BIT(OP_HELO) | OP_BIT(OP_HELO_DEFERRED),
    FROM_CONNECT = GP_AT_ALL,
    FROM_HELO = FROM_CONNECT & ~OP_BIT(OP_CONNECT),
    FROM_MAIL = FROM_HELO & ~AT_HELO,
    FROM_RCPT = FROM_MAIL & ~OP_BIT(OP_MAIL)
};

#define NO_ARGUMENT ARGS_NONE, NULL, OPERAND_NONE, NULL, NULL
#define FIELD(example)                                                                                         \
    ARGS_NEEDED, example, OPERAND_COUNTER, NULL,                                                               \
        "this is not the name of a header field; write it without the colon, like has(Message-ID)"
#define ADDRESS(example)                                                                                       \
    ARGS_OPTIONAL, example, OPERAND_WORDS, address_words,                                                      \
        "the spellings of an address are dashed, dotted, reversed, joined, padded and hex"

const struct check checks_registry[] = {
    {"own-name", FROM_HELO, AT_HELO, GP_FACT_HELO, NO_ARGUMENT, match_own_name},
    {"fqdn", FROM_HELO, AT_HELO, GP_FACT_HELO, NO_ARGUMENT, match_fqdn},
    {"bare-address", FROM_HELO, AT_HELO, GP_FACT_HELO, NO_ARGUMENT, match_bare_address},
    {"client-literal", FROM_HELO, AT_HELO, GP_FACT_HELO, NO_ARGUMENT, match_client_literal},
    {"helo-has-address", FROM_HELO, AT_HELO, GP_FACT_HELO, ADDRESS("helo-has-address(dashed reversed)"),
     match_helo_has_address},
    {"name-has-address", FROM_CONNECT, OP_BIT(OP_CONNECT), GP_FACT_NAME,
     ADDRESS("name-has-address(dashed reversed)"), match_name_has_address},
    {"own-sender", FROM_MAIL, OP_BIT(OP_MAIL), GP_FACT_MAIL, NO_ARGUMENT, match_own_sender},
    {"trap", FROM_RCPT, OP_BIT(OP_RCPT), GP_FACT_RCPT, NO_ARGUMENT, match_trap},
    {"msg-id", OP_BIT(OP_MESSAGE_ID), OP_BIT(OP_MESSAGE_ID), 0, ARGS_OPTIONAL, "msg-id(strict)", OPERAND_WORD,
     msgid_words, "the kinds of msg-id are msg-id, msg-id(strict), msg-id(sendmail) and msg-id(word)",
     match_msgid},
    {"has", OP_BIT(OP_HEADERS), OP_BIT(OP_HEADERS), 0, FIELD("has(Message-ID)"), match_has},
    {"once", OP_BIT(OP_HEADERS), OP_BIT(OP_HEADERS), 0, FIELD("once(Message-ID)"), match_once},
    {"own-trace", OP_BIT(OP_HEADERS), OP_BIT(OP_HEADERS), 0, NO_ARGUMENT, match_own_trace},
    {"in", FROM_CONNECT, 0, 0, ARGS_NEEDED, "in(NAME) or in(NAME, client)", OPERAND_TABLE, in_words,
     "expected the name of a table, like in(partners), that a line 'table partners = partners.cdb' defines",
     match_in},
};

const unsigned checks_count = sizeof checks_registry / sizeof *checks_registry;

uint32_t checks_about(const struct check *check, uint32_t operand, enum operation op)
{
    static const uint32_t of_fact[] = {[IN_CLIENT] = OP_BIT(OP_CONNECT),
                                       [IN_HELO] = AT_HELO,
                                       [IN_FROM] = OP_BIT(OP_MAIL),
                                       [IN_TO] = OP_BIT(OP_RCPT)};
    return check->about ? check->about : of_fact[in_fact(operand, op)];
}

uint32_t checks_stamp(void)
{
    uint64_t h = TEXT_HASH_START;
    for (unsigned i = 0; i < checks_count; i++)
        h = text_hash(h, text_of(checks_registry[i].name, strlen(checks_registry[i].name) + 1));
    return (uint32_t)(h ^ h >> 32);
}

unsigned checks_find(struct text name)
{
    unsigned i = 0;
    while (i < checks_count && !text_eq_nocase(name, text_z(checks_registry[i].name)))
        i++;
    return i;
}

const char *checks_nearest(struct text name)
{
    struct scan_near near = scan_near(name);
    for (unsigned i = 0; i < checks_count; i++)
        scan_near_try(&near, checks_registry[i].name);
    return near.name;
}
