/*
 * `gatepost blocks export`: the listed clients as lines of a file that refuses for good. A person reads them
 * first, so they are sorted by cause.
 */
#include "blocks.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "core/config/rule_line.h"
#include "tools/lib/output.h"

struct exporter {
    struct text reply[2]; /* by enum block_kind */
    const char *cause;    /* of the last line */
    size_t left_out;      /* entries that the format cannot hold */
};

/* A comment line before the first of each cause. */
static void print_heading(struct exporter *x, const struct block_entry *e)
{
    const char *cause = blocks_cause(e);
    if (!x->cause || strcmp(x->cause, cause) != 0)
        output_printf(stdout, "# %s\n", cause);
    x->cause = cause;
}

static uint32_t v4_number(const struct ip *ip)
{
    return (uint32_t)ip->byte[0] << 24 | (uint32_t)ip->byte[1] << 16 | (uint32_t)ip->byte[2] << 8 | ip->byte[3];
}

static void print_block_table(struct exporter *x, const struct block_entry *e)
{
    char address[IP_TEXT_MAX + 8];
    struct writer w = writer_on(address, sizeof address);
    blocks_address(&e->prefix, &w);
    print_heading(x, e);
    output_printf(stdout, "%-23s %.*s\n", address, (int)x->reply[e->kind].n, x->reply[e->kind].p);
}

/* "ERROR:5.7.1:554 text" (cf/README). The text is quoted if Sendmail would split it. */
static void print_error(struct text reply)
{
    unsigned code;
    struct text enhanced, text;
    reply_split(reply, &code, &enhanced, &text);
    fputs("ERROR:", stdout);
    if (enhanced.n)
        output_printf(stdout, "%.*s:", (int)enhanced.n, enhanced.p);
    bool plain = true;
    for (size_t i = 0; i < text.n; i++)
        plain = plain && (is_alnum((unsigned char)text.p[i]) || text.p[i] == ' ' || text.p[i] == '-');
    output_printf(stdout, "%s%03u ", plain ? "" : "\"", code);
    for (struct text rest = text; rest.n;) {
        size_t part = text_find(rest, 0, '"');
        output_text(stdout, text_of(rest.p, part));
        if (part < rest.n)
            putchar('\'');
        rest = text_skip(rest, part + 1);
    }
    puts(plain ? "" : "\"");
}

/* The key of an access file has only whole octets or groups, from the left, and no "::". */
static void print_access_key(const struct ip *ip, size_t parts)
{
    fputs(ip->v6 ? "Connect:IPv6:" : "Connect:", stdout);
    for (size_t i = 0; i < parts; i++) {
        if (ip->v6)
            output_printf(stdout, "%s%x", i ? ":" : "", (unsigned)ip->byte[2 * i] << 8 | ip->byte[2 * i + 1]);
        else
            output_printf(stdout, "%s%u", i ? "." : "", ip->byte[i]);
    }
    putchar('\t');
}

static void print_access(struct exporter *x, const struct block_entry *e)
{
    enum { MOST_LINES = 256 };
    const unsigned unit = e->prefix.ip.v6 ? 16 : 8;
    unsigned parts = (e->prefix.bits + unit - 1) / unit;
    uint32_t lines = 1u << (parts * unit - e->prefix.bits);
    if (parts == 0 || lines > MOST_LINES) {
        x->left_out++;
        return;
    }
    struct ip ip = e->prefix.ip;
    print_heading(x, e);
    for (uint32_t i = 0; i < lines; i++) {
        print_access_key(&ip, parts);
        print_error(x->reply[e->kind]);
        ip.byte[parts * unit / 8 - 1]++; /* that many lines differ in one byte alone */
    }
}

/* Comments come after the lines in this format. */
static void print_mercury_acl(struct exporter *x, const struct block_entry *e)
{
    char from[IP_TEXT_MAX];
    if (e->prefix.ip.v6) {
        x->left_out++;
        return;
    }
    ip_format(&e->prefix.ip, from);
    output_printf(stdout, "1 %s", from);
    if (e->prefix.bits < 32) {
        uint32_t last = v4_number(&e->prefix.ip) | (uint32_t)((UINT64_C(1) << (32 - e->prefix.bits)) - 1);
        printf(" %u.%u.%u.%u", (unsigned)(last >> 24), (unsigned)(last >> 16 & 255),
               (unsigned)(last >> 8 & 255), (unsigned)(last & 255));
    }
    output_printf(stdout, " ; %s, %u hits\n", blocks_cause(e), (unsigned)e->hits);
}

int blocks_export(struct blocks *b, const struct blocks_options *o)
{
    static void (*const print[EXPORT_FORMATS])(struct exporter *, const struct block_entry *) = {
        [EXPORT_BLOCK_TABLE] = print_block_table,
        [EXPORT_ACCESS] = print_access,
        [EXPORT_MERCURY_ACL] = print_mercury_acl,
    };
    const struct settings *s = b->context.settings;
    struct exporter x = {.reply = {[BLOCK_RULE] = block_text(b->context.rules, s->block_reply),
                                   [BLOCK_RELAY] = block_text(b->context.rules, s->relay_reply)}};
    struct block_entry *entries;
    size_t n;
    if (blocks_collect(b, &o->filter, &entries, &n) != 0)
        return STATUS_CANNOT;
    if (o->format != EXPORT_MERCURY_ACL)
        state_context_say_defaults(&b->context, b->command, "the replies are those of gatepost, not yours");
    blocks_sort(entries, n, ORDER_CAUSE, false);
    for (size_t i = 0; i < n; i++)
        print[o->format](&x, &entries[i]);
    if (x.left_out)
        output_printf(stderr, "%s: left out %zu: %s\n", b->command, x.left_out,
                      o->format == EXPORT_ACCESS ? "prefixes that would take more than 256 lines"
                                                 : "IPv6, which MERCURYS.ACL does not support");
    free(entries);
    return STATUS_YES;
}
