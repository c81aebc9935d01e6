#include "report.h"

#include "tools/lib/json.h"
#include "tools/lib/output.h"
#include "log_time.h"

enum { CLIENT_TEXT = IP_TEXT_MAX + 4, TIME_TEXT = 40, LONG_LOG = 7 * 86400 };

static const char relay_reply[] = "550 5.7.1 Apparent open relay";
static const char refused_reply[] = "550 5.7.1 Refused too often";

/* An IPv6 client is its /64. */
static const char *client_text(const struct ip *ip, char out[CLIENT_TEXT])
{
    size_t n = ip_format(ip, out);
    if (ip->v6)
        memcpy(out + n, "/64", 4);
    return out;
}

static const char *time_text(int64_t time, char out[TIME_TEXT])
{
    struct writer w = writer_on(out, TIME_TEXT);
    log_time_format(&w, time);
    return out;
}

static struct text sender_of(const struct envelopes_pattern *p)
{
    return text_of(p->envelope, p->sender_size);
}

static struct text recipient_of(const struct envelopes_pattern *p)
{
    return text_of(p->envelope + p->sender_size, p->recipient_size);
}

static unsigned long long number(uint64_t n)
{
    return n;
}

/* 42s, 5m 3s, 2h 0m, 3d 4h: two units are enough. */
static void print_span(FILE *out, int64_t seconds)
{
    unsigned long long s = seconds > 0 ? (unsigned long long)seconds : 0;
    if (s < 60)
        fprintf(out, "%llus", s);
    else if (s < 3600)
        fprintf(out, "%llum %llus", s / 60, s % 60);
    else if (s < 86400)
        fprintf(out, "%lluh %llum", s / 3600, s / 60 % 60);
    else
        fprintf(out, "%llud %lluh", s / 86400, s / 3600 % 24);
}

/*
 * For people
 */

static void print_pattern(const struct envelopes_pattern *p, FILE *out)
{
    char client[CLIENT_TEXT], first[TIME_TEXT], last[TIME_TEXT];
    fprintf(out, "\n%llu attempts in ", number(p->attempts));
    print_span(out, p->last - p->first);
    fprintf(out, " from %zu clients%s\n  from  ", p->client_count, p->more_clients ? " and more" : "");
    output_text(out, sender_of(p));
    fputs("\n  to    ", out);
    output_text(out, recipient_of(p));
    fprintf(out, "\n  %-20s  %8s  %-19s  %s\n", "CLIENT", "ATTEMPTS", "FIRST", "LAST");
    for (size_t i = 0; i < p->client_count; i++) {
        const struct envelopes_client *c = &p->clients[i];
        fprintf(out, "  %-20s  %8llu  %-19s  %s\n", client_text(&c->ip, client), number(c->attempts),
                time_text(c->first, first), time_text(c->last, last));
    }
}

static void print_refused(const struct clients_entry *r, FILE *out)
{
    char client[CLIENT_TEXT], first[TIME_TEXT], last[TIME_TEXT];
    fprintf(out, "%-20s  %8llu  %-19s  %-19s  ", client_text(&r->ip, client), number(r->count),
            time_text(r->first, first), time_text(r->last, last));
    for (size_t i = 0; i < CLIENTS_REASONS_EACH && r->reasons[i].text; i++) {
        if (i)
            fputs("; ", out);
        output_text(out, text_z(r->reasons[i].text));
        fprintf(out, " (%llu)", number(r->reasons[i].count));
    }
    if (r->other)
        fprintf(out, "%sother (%llu)", r->reasons[0].text ? "; " : "", number(r->other));
    putc('\n', out);
}

/* Hour by hour or, in a long log, day by day. */
static void print_hours(const struct mercury_blacklist *b, FILE *out)
{
    bool by_day = b->hour_count && b->hours[b->hour_count - 1].start - b->hours[0].start > LONG_LOG;
    size_t shown = by_day ? 10 : 16;
    int64_t step = by_day ? 86400 : 3600;
    fprintf(out, "%-16s  %8s  %8s  %8s\n", by_day ? "DAY" : "HOUR", "ADDED", "REFUSED", "PEAK");
    for (size_t i = 0; i < b->hour_count;) {
        struct mercury_blacklist_hour sum = b->hours[i];
        char start[TIME_TEXT];
        while (++i < b->hour_count && b->hours[i].start / step == sum.start / step) {
            sum.added += b->hours[i].added;
            sum.refused += b->hours[i].refused;
            sum.peak = b->hours[i].peak > sum.peak ? b->hours[i].peak : sum.peak;
        }
        fprintf(out, "%-16.*s  %8llu  %8llu  %8zu\n", (int)shown, time_text(sum.start, start),
                number(sum.added), number(sum.refused), sum.peak);
    }
}

static void print_shortterm(const struct mercury_blacklist *b, FILE *out)
{
    char time[TIME_TEXT];
    fprintf(out, "Short-term blacklist - current  %8zu  at %s\n", b->current, time_text(b->last, time));
    fprintf(out, "Short-term blacklist - peak     %8zu  at %s\n\n", b->peak, time_text(b->peak_time, time));
    print_hours(b, out);
}

static bool has_shortterm(const struct mercury_blacklist *b)
{
    return b->added || b->refused;
}

bool report_tables(const struct envelopes *s, const struct clients *r, const struct mercury_blacklist *b,
                   FILE *out)
{
    bool any = false;
    if (s->found_count) {
        fputs("ONE ENVELOPE FROM SEVERAL CLIENTS\n", out);
        for (size_t i = 0; i < s->found_count; i++)
            print_pattern(s->found[i], out);
        any = true;
    }
    if (r->count) {
        fprintf(out, "%sCLIENTS REFUSED AGAIN AND AGAIN\n\n%-20s  %8s  %-19s  %-19s  %s\n", any ? "\n" : "",
                "CLIENT", "REFUSED", "FIRST", "LAST", "REASONS");
        for (size_t i = 0; i < r->count; i++)
            print_refused(r->clients[i], out);
        any = true;
    }
    if (has_shortterm(b)) {
        fprintf(out, "%sSHORT-TERM BLACKLIST OF MERCURYS\n\n", any ? "\n" : "");
        print_shortterm(b, out);
        any = true;
    }
    return any;
}

/*
 * JSON
 */

static void json_time(struct json *j, const char *name, int64_t time)
{
    char text[TIME_TEXT];
    time_text(time, text);
    text[10] = 'T';
    json_text(j, name, text_z(text));
}

static void json_client(struct json *j, const struct ip *ip)
{
    char client[CLIENT_TEXT];
    json_object(j, NULL);
    json_text(j, "client", text_z(client_text(ip, client)));
}

static void json_pattern(struct json *j, const struct envelopes_pattern *p)
{
    json_object(j, NULL);
    json_text(j, "sender", sender_of(p));
    json_text(j, "recipient", recipient_of(p));
    json_number(j, "attempts", p->attempts);
    json_number(j, "seconds", (uint64_t)(p->last - p->first));
    json_time(j, "first", p->first);
    json_time(j, "last", p->last);
    json_bool(j, "more_clients", p->more_clients);
    json_array(j, "clients");
    for (size_t i = 0; i < p->client_count; i++) {
        json_client(j, &p->clients[i].ip);
        json_number(j, "attempts", p->clients[i].attempts);
        json_time(j, "first", p->clients[i].first);
        json_time(j, "last", p->clients[i].last);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static void json_refused(struct json *j, const struct clients_entry *r)
{
    json_client(j, &r->ip);
    json_number(j, "refused", r->count);
    json_time(j, "first", r->first);
    json_time(j, "last", r->last);
    json_array(j, "reasons");
    for (size_t i = 0; i < CLIENTS_REASONS_EACH && r->reasons[i].text; i++) {
        json_object(j, NULL);
        json_text(j, "reason", text_z(r->reasons[i].text));
        json_number(j, "count", r->reasons[i].count);
        json_end(j);
    }
    json_end(j);
    json_number(j, "other", r->other);
    json_end(j);
}

static void json_shortterm(struct json *j, const struct mercury_blacklist *b)
{
    json_object(j, "short_term_blacklist");
    json_number(j, "current", b->current);
    json_number(j, "peak", b->peak);
    json_time(j, "current_at", b->last);
    json_time(j, "peak_at", b->peak_time);
    json_array(j, "hours");
    for (size_t i = 0; i < b->hour_count; i++) {
        json_object(j, NULL);
        json_number(j, "added", b->hours[i].added);
        json_number(j, "refused", b->hours[i].refused);
        json_number(j, "peak", b->hours[i].peak);
        json_time(j, "hour", b->hours[i].start);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

bool report_json(const struct envelopes *s, const struct clients *r, const struct mercury_blacklist *b,
                 FILE *out)
{
    struct json j = json_on(out);
    json_object(&j, NULL);
    json_lines(&j, "patterns");
    for (size_t i = 0; i < s->found_count; i++)
        json_pattern(&j, s->found[i]);
    json_end(&j);
    json_lines(&j, "refused");
    for (size_t i = 0; i < r->count; i++)
        json_refused(&j, r->clients[i]);
    json_end(&j);
    if (b->seen)
        json_shortterm(&j, b);
    else
        json_null(&j, "short_term_blacklist");
    json_end(&j);
    return s->found_count || r->count || has_shortterm(b);
}

/*
 * Block table
 */

/* Never proposes to refuse a loopback address. */
static bool is_loopback(const struct ip *ip)
{
    static const struct ip v6 = {.v6 = 1};
    return ip->v6 ? ip_eq(ip, &v6) : ip->byte[0] == 127; /* ::1 is ::/64 here */
}

static bool print_blocked(const struct ip *ip, struct hashmap *shown, const char *reply, FILE *out)
{
    static const struct siphash_key secret = {0, 0};
    char client[CLIENT_TEXT];
    uint64_t key = hashmap_key(&secret, ip, sizeof *ip);
    if (is_loopback(ip) || hashmap_get(shown, key))
        return false;
    hashmap_put(shown, key, shown); /* without memory one is shown twice, which does no harm */
    fprintf(out, "%s  %s\n", client_text(ip, client), reply);
    return true;
}

bool report_block_table(const struct envelopes *s, const struct clients *r, FILE *out)
{
    struct hashmap shown = {.n = 0};
    bool any = false;
    for (size_t i = 0; i < s->found_count; i++)
        for (size_t k = 0; k < s->found[i]->client_count; k++)
            any |= print_blocked(&s->found[i]->clients[k].ip, &shown, relay_reply, out);
    for (size_t i = 0; r && i < r->count; i++)
        any |= print_blocked(&r->clients[i]->ip, &shown, refused_reply, out);
    hashmap_fini(&shown);
    return any;
}

/*
 * Traps
 */

bool report_traps(const struct traps *t, FILE *out)
{
    char first[TIME_TEXT], last[TIME_TEXT];
    for (size_t i = 0; i < t->found_count; i++) {
        const struct trap *trap = t->found[i];
        fprintf(out, "# %llu refused, %llu as unknown, %zu%s clients, %llu days, %.10s to %.10s\n",
                number(trap->refused), number(trap->unknown), trap->client_count,
                trap->client_count == t->kept ? " or more" : "", number(trap->days),
                time_text(trap->first, first), time_text(trap->last, last));
        fputs(trap->unknown ? "to:" : "# for other reasons only; find out who it is: to:", out);
        output_text(out, text_of(trap->address, trap->size));
        putc('\n', out);
    }
    return t->found_count > 0;
}

bool report_traps_json(const struct traps *t, FILE *out)
{
    struct json j = json_on(out);
    json_object(&j, NULL);
    json_lines(&j, "traps");
    for (size_t i = 0; i < t->found_count; i++) {
        const struct trap *trap = t->found[i];
        json_object(&j, NULL);
        json_text(&j, "address", text_of(trap->address, trap->size));
        json_number(&j, "refused", trap->refused);
        json_number(&j, "unknown", trap->unknown);
        json_number(&j, "clients", trap->client_count);
        json_number(&j, "days", trap->days);
        json_time(&j, "first", trap->first);
        json_time(&j, "last", trap->last);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    return t->found_count > 0;
}
