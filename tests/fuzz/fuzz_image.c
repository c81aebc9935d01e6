/*
 * Input: a mode byte, then an image of the rules. In mode 0 the input is a list of changes to an image made
 * here, seven bytes each: where (two), how many bytes (one) and what (four). In mode 1 it is the image itself.
 * Its head and checksum are corrected, so that the code after these checks is reached, and it is used as a
 * session would use it.
 */
#include "core/base/writer.h"
#include "core/config/config.h"
#include "core/rules/image.h"
#include "tests/unit/lib/both_ways.h"

#include <errno.h>

#include "core/rules/checks.h"
#include "insist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] =
    "own-names = mail.example.com .example.org\nown-addresses = 190.140.4.4 2001:db8::1\n"
    "exempt-table = exempt.cdb\ntable partners = partners.cdb\nrelay-pattern = envelope 3 clients 1h\n"
    "connect, \"*.dyn.example.net *\", close\nhelo, own-name, refuse block, \"554 5.7.1 own\"\n"
    "helo, \"*zombie*\", fail, \"554 zombie\"\nhelo, not \"*.*\", fail block(24h), \"554 dotless\"\n"
    "helo-deferred, not fqdn, log, \"no name\"\nmail, in(partners), skip\nmail, \"*\", log\n"
    "rcpt, \"*sugar@example.com*\", close\nrcpt, trap, drop\nheader, \"X-Mailer:*bulk*\", fail\n"
    "header, \"*unanchored*\", fail\nheader, \"X-[abc]*:/w+[^x]\", exempt\nsubject, \"*viagra*\", fail, \"554 "
    "s\"\n"
    "message-id, not msg-id(strict), fail\nheaders, not has(Message-ID), fail\nheaders, not once(From), fail\n";

static int read_rules(void *context, const char *path, char **bytes, size_t *size, struct file_id *id)
{
    (void)context, (void)path;
    *size = sizeof rules - 1;
    *bytes = malloc(sizeof rules);
    if (!*bytes)
        return ENOMEM;
    memcpy(*bytes, rules, sizeof rules);
    *id = (struct file_id){.size = 1};
    return 0;
}

/* Returns an image with the changes in DATA; the caller frees it. */
static unsigned char *changed(const uint8_t *data, size_t size, size_t *n)
{
    static struct block *r; /* made once */
    struct config_reader reader = {.read = read_rules};
    if (!r)
        r = config_load("/gatepost.conf", &reader, 0, NULL, NULL, NULL);
    insist(r != NULL);
    struct text bytes = block_bytes(r);
    unsigned char *image = malloc(bytes.n);
    insist(image != NULL);
    memcpy(image, bytes.p, bytes.n);
    for (; size >= 7; data += 7, size -= 7) {
        size_t at = (size_t)(data[0] | data[1] << 8), count = data[2] % 5;
        if (at + count <= bytes.n)
            memcpy(image + at, data + 3, count);
    }
    *n = bytes.n;
    return image;
}

static void mend_head(void *image, size_t n)
{
    struct block_head *head = image;
    memcpy(head->magic, block_magic, sizeof head->magic);
    head->size = (uint32_t)n;
    head->layout = block_layout();
    memset(head->version, 0, sizeof head->version);
    strncpy(head->version, GATEPOST_VERSION, sizeof head->version - 1);
    head->sum = block_sum(image, n);
}

/* Reads every byte, so that the sanitizer finds one outside the memory. */
static void touch(struct text t)
{
    volatile unsigned char last = 0;
    for (size_t i = 0; i < t.n; i++)
        last = (unsigned char)t.p[i];
    insist(t.p[t.n] == '\0' && (t.n == 0 || last == (unsigned char)t.p[t.n - 1]));
}

static struct table *no_table(void *context, unsigned slot)
{
    const struct block *r = context;
    const struct table_note *note = block_table(r, slot);
    if (note)
        touch(block_text(r, note->path));
    return NULL;
}

static void look_at_settings(const struct block *r)
{
    const struct settings *s = block_settings(r);
    const struct ip four = {.byte = {127, 0, 0, 1}}, six = {.v6 = true, .byte = {0x20, 1, 0x0d, 0xb8}};
    const struct span texts[] = {s->state_dir, s->block_reply, s->relay_reply, s->test_clock};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        touch(block_text(r, texts[i]));
    block_own_name(r, TEXT("a.example.org"));
    block_own_address(r, &four);
    block_own_network(r, &four);
    block_own_network(r, &six);
    block_submission_port(r, 25);
    for (uint32_t i = 0; i < block_table_count(r) + 2; i++)
        no_table((void *)(uintptr_t)r, i);
    for (uint32_t i = 0; i < 3; i++) {
        const struct file_note *file = block_file(r, i);
        if (file)
            touch(block_text(r, file->name));
    }
    image_is_of(r, "/gatepost.conf");
}

static void look_at_rule(const struct block *r, const struct rule *rule, struct facts *facts,
                         struct text subject)
{
    char cause[300], why[400];
    struct writer w = writer_on(cause, sizeof cause), y = writer_on(why, sizeof why);
    block_cause(r, rule, &w);
    touch(block_reply(r, rule));
    touch(block_source(r, rule));
    evaluate_triggers(rule, evaluate_rule(r, rule, facts, subject, &y));
}

static void ask(const struct block *r, const struct matcher *m, enum operation op, struct facts *facts,
                struct text subject, uint64_t *words)
{
    struct candidates c;
    facts->asking = op;
    for (int all = 0; all < 2; all++) {
        uint32_t steps = 0;
        if (!index_find(r, m, subject, all, words, &c))
            continue;
        for (uint32_t n = index_next(&c); n != UINT32_MAX; n = index_next(&c)) {
            const struct rule *rule = block_rule(r, n);
            insist(++steps <= block_most_rules(r));
            if (rule && evaluate_is_sound(r, rule) && rule->operation == op)
                look_at_rule(r, rule, facts, subject);
        }
    }
}

static void ask_header(const struct block *r, struct facts *facts, uint64_t *words)
{
    static const char *const header[] = {"X-Mailer: The Bulk 1.0",
                                         "Subject: Cheap viagra unanchored",
                                         "Message-ID: <a@b.example>",
                                         "From: a@b.example",
                                         "X-A: y",
                                         "q: "};
    for (size_t i = 0; i < sizeof header / sizeof *header; i++) {
        struct field field;
        insist(header_split(text_z(header[i]), &field));
        facts->field = &field;
        const struct named_field *named = block_field(r, field.name);
        ask(r, block_matcher(r, OP_HEADER), OP_HEADER, facts, field.line, words);
        if (named)
            ask(r, &named->rules, OP_HEADER, facts, field.line, words);
        ask(r, block_matcher(r, OP_SUBJECT), OP_SUBJECT, facts, field.line, words);
        ask(r, block_matcher(r, OP_MESSAGE_ID), OP_MESSAGE_ID, facts, text_trim(field.value), words);
        facts->field = NULL;
    }
    ask(r, block_matcher(r, OP_HEADERS), OP_HEADERS, facts, TEXT(""), words);
}

static void use(const struct block *r)
{
    static const struct text line[] = {{"unknown 203.0.113.9", 19},
                                       {"EHLO zombie.example", 19},
                                       {"EHLO [192.0.2.1]", 16},
                                       {"MAIL FROM:<a@b.example>", 23},
                                       {"RCPT TO:<sugar@example.com>", 27}};
    /* The same calculation as in session_open(). */
    const size_t words = block_most_rules(r) / 64 + 1, counters = block_counter_count(r);
    insist(words < 10000 && counters < 100000);
    uint64_t *memory = calloc(words, sizeof *memory);
    uint32_t *counts = calloc(counters + 1, sizeof *counts);
    insist(memory && counts);
    struct facts facts = {.rules = r,
                          .table = no_table,
                          .table_context = (void *)(uintptr_t)r,
                          .client_known = true,
                          .field_count = counts,
                          .helo_line = line[1],
                          .helo = text_skip(line[1], 5)};
    mailbox_from_command(line[3], &facts.sender);
    mailbox_from_command(line[4], &facts.recipient);
    for (unsigned op = OP_CONNECT; op <= OP_RCPT; op++)
        ask(r, block_matcher(r, (enum operation)op), (enum operation)op, &facts, line[op], memory);
    ask_header(r, &facts, memory);
    free(memory);
    free(counts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = size ? size - 1 : 0;
    unsigned char *image;
    if (size == 0)
        return 0;
    if (data[0] & 1) {
        image = malloc(n ? n : 1);
        insist(image != NULL);
        memcpy(image, data + 1, n);
    } else {
        image = changed(data + 1, n, &n);
    }
    struct block *r = block_borrow(image, n);
    insist(!r || n >= sizeof(struct block_head));
    block_unref(&r);
    if (n >= sizeof(struct block_head)) {
        mend_head(image, n);
        r = block_borrow(image, n);
        if (r) {
            look_at_settings(r);
            use(r);
        }
        block_unref(&r);
    }
    free(image);
    return 0;
}
