#include "page_tables.h"

#include <stdlib.h>

#include "chart.h"
#include "tools/lib/output.h"

enum { SHOWN = 40, NETWORKS_SHOWN = 30, RELAYS_SHOWN = 40, DAY = 86400, CLIENT_TEXT = IP_TEXT_MAX + 4 };

static const char *client_text(const struct ip *ip, unsigned v4, unsigned v6, char out[CLIENT_TEXT])
{
    size_t n = ip_format(ip, out);
    unsigned bits = ip->v6 ? v6 : v4;
    if (bits < ip_bits(ip))
        snprintf(out + n, CLIENT_TEXT - n, "/%u", bits);
    return out;
}

static void put_number(FILE *f, uint64_t n)
{
    fprintf(f, "<td class=\"n\" data-sort=\"%llu\">", (unsigned long long)n);
    chart_number(f, n);
    fputs("</td>", f);
}

static void put_day(FILE *f, int64_t time)
{
    fprintf(f, "<td class=\"d\" data-sort=\"%lld\">", (long long)time);
    if (time > 0)
        chart_time(f, time, DAY);
    fputs("</td>", f);
}

static void put_bar(FILE *f, uint64_t value, uint64_t most, unsigned series)
{
    fputs("<td class=\"w wideonly\">", f);
    chart_cell(f, value, most, series);
    fputs("</td>", f);
}

/* HEAD is the cells of the head: "<th>…". */
static void begin_table(FILE *f, const char *head)
{
    fprintf(f, "<div class=\"scroll\"><table class=\"sortable\"><thead><tr>%s</tr></thead><tbody>\n", head);
}

static void end_table(FILE *f, size_t shown, size_t all)
{
    fputs("</tbody></table></div>\n", f);
    if (shown < all) {
        fprintf(f, "<p class=\"quiet\">The first %zu of ", shown);
        chart_number(f, all);
        fputs(".</p>\n", f);
    }
}

/*
 * Clients
 */

static void collect(void *context, const struct digest_client *client)
{
    struct page_clients *c = context;
    if (!client->refused || c->failed)
        return;
    if (c->count == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 1024;
        const struct digest_client **grown = realloc(c->list, cap * sizeof(void *));
        c->failed = !grown;
        if (!grown)
            return;
        c->list = grown;
        c->cap = cap;
    }
    c->list[c->count++] = client;
}

static int by_refusals(const void *left, const void *right)
{
    const struct digest_client *a = *(const struct digest_client *const *)left;
    const struct digest_client *b = *(const struct digest_client *const *)right;
    return a->refused != b->refused ? (a->refused > b->refused ? -1 : 1) : compare_ip(&a->ip, &b->ip);
}

static int by_address(const void *left, const void *right)
{
    const struct digest_client *a = *(const struct digest_client *const *)left;
    const struct digest_client *b = *(const struct digest_client *const *)right;
    return compare_ip(&a->ip, &b->ip);
}

bool page_tables_clients_collect(struct page_clients *c, const struct digest *d)
{
    *c = (struct page_clients){.list = NULL};
    digest_clients_walk(&d->clients, collect, c);
    if (c->count)
        qsort(c->list, c->count, sizeof(void *), by_refusals);
    if (c->failed)
        page_tables_clients_fini(c);
    return !c->failed;
}

void page_tables_clients_fini(struct page_clients *c)
{
    bool failed = c->failed;
    free(c->list);
    *c = (struct page_clients){.failed = failed};
}

void page_tables_clients(FILE *f, const struct digest *d, const struct page_clients *c)
{
    char text[CLIENT_TEXT];
    size_t shown = c->count < SHOWN ? c->count : SHOWN;
    fputs("<section id=\"clients\" class=\"long\"><h2>Clients refused most</h2>\n", f);
    begin_table(f, "<th>Client</th><th class=\"n\">Refused</th><th class=\"no-sort wideonly\"></th><th "
                   "class=\"n\">Taken in</th>"
                   "<th>First</th><th>Last</th><th>Last cause</th>");
    for (size_t i = 0; i < shown; i++) {
        const struct digest_client *client = c->list[i];
        output_html(f, "<tr><td><code>%s</code></td>", client_text(&client->ip, 32, 64, text));
        put_number(f, client->refused);
        put_bar(f, client->refused, c->list[0]->refused, 0);
        put_number(f, client->accepted);
        put_day(f, client->first);
        put_day(f, client->last);
        output_html(f, "<td class=\"t\">%s</td></tr>\n", d->causes[client->cause].name);
    }
    end_table(f, shown, c->count);
    fputs("</section>\n", f);
}

/* Whether mail of the client was accepted on a day when nothing of it was refused. */
static bool is_suspect(const struct digest_client *c)
{
    return c->accepted && (c->accepted_day[0] != c->refused_day[0] || c->accepted_day[1] != c->refused_day[1] ||
                           c->accepted_day[0] != c->accepted_day[1]);
}

void page_tables_suspects(FILE *f, const struct digest *d, const struct page_clients *c)
{
    char text[CLIENT_TEXT];
    size_t shown = 0, all = 0;
    fputs("<section id=\"suspects\" class=\"long\"><h2>Suspects: perhaps refused wrongly</h2>\n"
          "<p class=\"quiet\">Clients that were refused, and whose mail was taken in on other days. A verified "
          "name speaks for a mail "
          "server, and more so if it lies in the domain of the sender.</p>\n",
          f);
    for (size_t i = 0; i < c->count; i++)
        all += is_suspect(c->list[i]);
    if (!all) {
        fputs("<p class=\"quiet\">None.</p></section>\n", f);
        return;
    }
    begin_table(f,
                "<th>Client</th><th>Verified name</th><th class=\"n\">Refused</th><th class=\"n\">Taken in</th>"
                "<th>Last refused</th><th>Last taken in</th><th>Last cause</th>");
    /* Those with a name of their sender's domain first, then those with a name. */
    for (unsigned rank = 0; rank < 3 && shown < SHOWN; rank++)
        for (size_t i = 0; i < c->count && shown < SHOWN; i++) {
            const struct digest_client *client = c->list[i];
            unsigned own = client->own_domain ? 0 : client->name ? 1 : 2;
            if (own != rank || !is_suspect(client))
                continue;
            shown++;
            output_html(f, "<tr><td><code>%s</code></td><td class=\"t\">%s",
                        client_text(&client->ip, 32, 64, text), client->name ? client->name : "");
            fputs(client->own_domain ? " <span class=\"flag\">sender's domain</span></td>" : "</td>", f);
            put_number(f, client->refused);
            put_number(f, client->accepted);
            put_day(f, (int64_t)client->refused_day[1] * DAY);
            put_day(f, (int64_t)client->accepted_day[1] * DAY);
            output_html(f, "<td class=\"t\">%s</td></tr>\n", d->causes[client->cause].name);
        }
    end_table(f, shown, all);
    fputs("</section>\n", f);
}

void page_tables_networks(FILE *f, struct page_clients *c)
{
    enum { V4 = 24, V6 = 48 };
    struct digest_network {
        struct ip ip;
        uint64_t clients, refused;
    } top[NETWORKS_SHOWN], now = {.clients = 0};
    size_t count = 0, all = 0;
    char text[CLIENT_TEXT];
    if (c->count)
        qsort(c->list, c->count, sizeof(void *), by_address);
    for (size_t i = 0; i <= c->count; i++) {
        struct ip ip = i < c->count ? ip_mask(&c->list[i]->ip, c->list[i]->ip.v6 ? V6 : V4) : now.ip;
        bool same = i < c->count && now.clients && ip_eq(&ip, &now.ip);
        if (!same && now.clients) {
            size_t at = count;
            all++;
            while (at && top[at - 1].refused < now.refused)
                at--;
            if (at < NETWORKS_SHOWN) {
                count += count < NETWORKS_SHOWN;
                memmove(top + at + 1, top + at, (count - at - 1) * sizeof *top);
                top[at] = now;
            }
        }
        if (i == c->count)
            break;
        if (!same)
            now = (struct digest_network){.ip = ip};
        now.clients++;
        now.refused += c->list[i]->refused;
    }
    fputs("<section id=\"networks\" class=\"long\"><h2>Networks refused most</h2>\n"
          "<p class=\"quiet\">/24 of IPv4, /48 of IPv6.</p>\n",
          f);
    begin_table(f, "<th>Network</th><th class=\"n\">Refused</th><th class=\"no-sort wideonly\"></th><th "
                   "class=\"n\">Clients</th>");
    for (size_t i = 0; i < count; i++) {
        output_html(f, "<tr><td><code>%s</code></td>", client_text(&top[i].ip, V4, V6, text));
        put_number(f, top[i].refused);
        put_bar(f, top[i].refused, top[0].refused, 4);
        put_number(f, top[i].clients);
        fputs("</tr>\n", f);
    }
    end_table(f, count, all);
    fputs("</section>\n", f);
}

/*
 * Causes
 */

/* Indices of the causes by COUNT, largest first; those with 0 are left out. Returns how many. */
static size_t sort_causes(const struct digest *d, uint64_t (*count)(const struct digest_cause *),
                          unsigned out[DIGEST_CAUSES])
{
    size_t n = 0;
    for (unsigned i = 0; i < d->cause_count; i++) {
        size_t at = n;
        if (!count(&d->causes[i]))
            continue;
        for (; at && count(&d->causes[out[at - 1]]) < count(&d->causes[i]); at--)
            out[at] = out[at - 1];
        out[at] = i;
        n++;
    }
    return n;
}

static uint64_t hits(const struct digest_cause *c)
{
    return c->refused + c->would + c->logged;
}

static uint64_t would(const struct digest_cause *c)
{
    return c->would;
}

/* The cause that a rule has in the log; NULL if it never triggered. */
static const struct digest_cause *cause_of_rule(const struct digest *d, const struct block *rules,
                                                const struct rule *rule, char name[300])
{
    struct writer w = writer_on(name, 300);
    block_cause(rules, rule, &w);
    for (size_t i = 0; i < d->cause_count; i++)
        if (d->causes[i].ours && strncmp(d->causes[i].name, name, DIGEST_CAUSE_MAX - 1) == 0)
            return &d->causes[i];
    return NULL;
}

static void put_never(FILE *f, const struct digest *d, const struct block *rules)
{
    char name[300];
    size_t never = 0;
    for (uint32_t i = 0; i < block_rule_count(rules); i++)
        if (!cause_of_rule(d, rules, block_rule(rules, i), name)) {
            struct text source = block_source(rules, block_rule(rules, i));
            output_html(f, "<li><code>%s</code> %.*s</li>\n", name, (int)(source.n < 100 ? source.n : 100),
                        source.p);
            never++;
        }
    if (!never)
        fputs("<li>None: each has triggered.</li>\n", f);
}

void page_tables_causes(FILE *f, const struct digest *d, const struct block *rules)
{
    unsigned order[DIGEST_CAUSES];
    size_t n = sort_causes(d, hits, order);
    fputs("<section id=\"rules\" class=\"long\"><h2>Rules and other causes</h2>\n", f);
    begin_table(f, "<th>Cause</th><th class=\"n\">Refused</th><th class=\"no-sort wideonly\"></th><th "
                   "class=\"n\">Would</th>"
                   "<th class=\"n\">Logged</th><th class=\"n\">Listed</th><th>Last</th>");
    uint64_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = d->causes[order[i]].refused > most ? d->causes[order[i]].refused : most;
    for (size_t i = 0; i < n; i++) {
        const struct digest_cause *c = &d->causes[order[i]];
        output_html(f, "<tr><td class=\"t\">%s</td>", c->name);
        put_number(f, c->refused);
        put_bar(f, c->refused, most, c->ours ? 0 : 8);
        put_number(f, c->would);
        put_number(f, c->logged);
        put_number(f, c->listed);
        put_day(f, c->last);
        fputs("</tr>\n", f);
    }
    end_table(f, n, n);
    if (rules) {
        fputs("<p><b>Rules that never triggered</b></p><ul id=\"never\">\n", f);
        put_never(f, d, rules);
        fputs("</ul>\n", f);
    } else {
        fputs("<p class=\"quiet\">With <code>--config</code> this lists the rules that never triggered.</p>\n",
              f);
    }
    fputs("</section>\n", f);
}

void page_tables_trial(FILE *f, const struct digest *d)
{
    unsigned order[DIGEST_CAUSES];
    size_t n = sort_causes(d, would, order);
    begin_table(
        f, "<th>Cause</th><th class=\"n\">Would refuse</th><th class=\"no-sort wideonly\"></th><th>Last</th>");
    for (size_t i = 0; i < n; i++) {
        const struct digest_cause *c = &d->causes[order[i]];
        output_html(f, "<tr><td class=\"t\">%s</td>", c->name);
        put_number(f, c->would);
        put_bar(f, c->would, d->causes[order[0]].would, 5);
        put_day(f, c->last);
        fputs("</tr>\n", f);
    }
    end_table(f, n, n);
}

/*
 * Relays and recipients
 */

void page_tables_relays(FILE *f, const struct digest *d)
{
    const struct envelopes *s = &d->envelopes;
    char text[CLIENT_TEXT];
    size_t shown = s->found_count < RELAYS_SHOWN ? s->found_count : RELAYS_SHOWN;
    fputs("<section id=\"relays\" class=\"long\"><h2>One envelope from several clients</h2>\n"
          "<p class=\"quiet\">Open relays, or zombies of one botnet: the same sender and recipient, refused, "
          "came within an hour from "
          "three clients or more.</p>\n",
          f);
    if (!shown) {
        fputs("<p class=\"quiet\">None.</p></section>\n", f);
        return;
    }
    begin_table(f, "<th>First</th><th class=\"n\">Attempts</th><th "
                   "class=\"n\">Clients</th><th>Sender</th><th>Recipient</th>"
                   "<th class=\"wideonly no-sort\">Clients</th>");
    for (size_t i = 0; i < shown; i++) {
        const struct envelopes_pattern *p = s->found[i];
        fputs("<tr>", f);
        put_day(f, p->first);
        put_number(f, p->attempts);
        put_number(f, p->client_count);
        output_html(f, "<td class=\"t\">%.*s</td><td class=\"t\">%.*s</td><td class=\"t wideonly\"><code>",
                    (int)p->sender_size, p->envelope, (int)p->recipient_size, p->envelope + p->sender_size);
        for (size_t k = 0; k < p->client_count && k < 5; k++)
            output_html(f, "%s%s", k ? " " : "", client_text(&p->clients[k].ip, 32, 64, text));
        output_html(f, "%s</code></td></tr>\n", p->client_count > 5 ? " ..." : "");
    }
    end_table(f, shown, s->found_count);
    fputs("</section>\n", f);
}

static int by_count(const void *left, const void *right)
{
    const struct digest_recipient *a = *(const struct digest_recipient *const *)left;
    const struct digest_recipient *b = *(const struct digest_recipient *const *)right;
    return a->refused != b->refused ? (a->refused > b->refused ? -1 : 1) : strcmp(a->address, b->address);
}

/* Marks the causes that are rules which look for traps. Returns whether there is one. */
static bool find_traps(const struct digest *d, const struct block *rules, bool trap[DIGEST_CAUSES])
{
    char name[300];
    bool any = false;
    for (uint32_t i = 0; rules && i < block_rule_count(rules); i++) {
        const struct rule *rule = block_rule(rules, i);
        const struct digest_cause *c = cause_of_rule(d, rules, rule, name);
        if ((rule->flags & RULE_PATTERN) || !text_eq_nocase(block_source(rules, rule), TEXT("trap")))
            continue;
        any = true;
        if (c)
            trap[c - d->causes] = true;
    }
    return any;
}

bool page_tables_recipients(FILE *f, const struct digest *d, const struct block *rules)
{
    bool trap[DIGEST_CAUSES] = {false};
    bool traps = find_traps(d, rules, trap);
    const struct digest_recipient **list = malloc((d->recipients.n + 1) * sizeof(void *));
    size_t n = 0;
    if (!list)
        return false;
    for (size_t i = 0; i < d->recipients.cap; i++) {
        const struct digest_recipient *r = d->recipients.slots[i].value;
        if (r && (!traps || trap[r->cause]))
            list[n++] = r;
    }
    if (n)
        qsort(list, n, sizeof(void *), by_count);
    fprintf(f, "<section id=\"traps\" class=\"long\"><h2>%s</h2>\n",
            traps ? "Traps" : "Recipients refused most");
    size_t shown = n < SHOWN ? n : SHOWN;
    begin_table(f, "<th>Recipient</th><th class=\"n\">Refused</th><th class=\"no-sort "
                   "wideonly\"></th><th>Last</th><th>Last cause</th>");
    for (size_t i = 0; i < shown; i++) {
        output_html(f, "<tr><td class=\"t\">%s</td>", list[i]->address);
        put_number(f, list[i]->refused);
        put_bar(f, list[i]->refused, list[0]->refused, 3);
        put_day(f, list[i]->last);
        output_html(f, "<td class=\"t\">%s</td></tr>\n", d->causes[list[i]->cause].name);
    }
    end_table(f, shown, n);
    fputs("</section>\n", f);
    free(list);
    return true;
}
