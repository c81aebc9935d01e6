#include "tools/analyze/transactions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct analysis {
    struct envelopes envelopes;
    struct clients clients;
    struct mercury_blacklist mercury;
    struct transactions transactions;
    struct log_years years;
    struct log_event event;
    int64_t time;
    bool bare;
};

static void begin(struct analysis *a, int64_t window, size_t clients, uint64_t times)
{
    memset(a, 0, sizeof *a);
    envelopes_init(&a->envelopes, window, clients);
    clients_init(&a->clients, times);
    mercury_blacklist_init(&a->mercury);
    assert_true(transactions_init(&a->transactions, &a->envelopes, &a->clients, &a->mercury, 2));
    a->years.first_year = 2003;
}

static void line(struct analysis *a, size_t file, const char *text)
{
    log_line_read(text_z(text), a->bare ? LOG_BELOW_ENTRY : LOG_STAMPED, &a->event);
    if (a->event.has_stamp)
        assert_true(log_time_resolve(&a->years, &a->event.stamp, &a->time));
    a->bare = !a->event.has_stamp && (a->bare || a->event.kind == LOG_PART);
    assert_true(transactions_take(&a->transactions, &a->event, a->time, file));
}

static void end(struct analysis *a)
{
    transactions_finish(&a->transactions);
    envelopes_finish(&a->envelopes);
    clients_finish(&a->clients);
}

static void discard(struct analysis *a)
{
    transactions_fini(&a->transactions);
    mercury_blacklist_fini(&a->mercury);
    clients_fini(&a->clients);
    envelopes_fini(&a->envelopes);
}

/* Patterns as "sender>recipient: attempts/seconds client=attempts ...", then "| client=refusals". */
static const char *shown(const struct analysis *a, char out[4096])
{
    char ip[IP_TEXT_MAX];
    struct writer w = writer_on(out, 4096);
    for (size_t i = 0; i < a->envelopes.found_count; i++) {
        const struct envelopes_pattern *p = a->envelopes.found[i];
        writer_printf(&w, "%.*s>%.*s: %llu/%llds", (int)p->sender_size, p->envelope, (int)p->recipient_size,
                      p->envelope + p->sender_size, (unsigned long long)p->attempts,
                      (long long)(p->last - p->first));
        for (size_t k = 0; k < p->client_count; k++) {
            ip_format(&p->clients[k].ip, ip);
            writer_printf(&w, " %s=%llu", ip, (unsigned long long)p->clients[k].attempts);
        }
        writer_char(&w, '\n');
    }
    for (size_t i = 0; i < a->clients.count; i++) {
        ip_format(&a->clients.clients[i]->ip, ip);
        writer_printf(&w, "| %s=%llu", ip, (unsigned long long)a->clients.clients[i]->count);
    }
    return out;
}

#define TO "from=<s@x.example> to=<r@y.example> proto=SMTP helo=<h>"
#define PF(time, ip)                                                                                           \
    "Jul 24 " time " mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from h[" ip "]: 554 5.7.1 No; " TO
#define PFT(time, ip)                                                                                          \
    "Jul 24 " time " mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from h[" ip "]: 450 4.7.1 No; " TO
#define PFN(time, ip)                                                                                          \
    "Jul 24 " time " mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from h[" ip                                    \
    "]: 554 No; from=<> to=<r@y.example> p"
#define SM(time, id) "Jul 24 " time " mx sm-mta[1]: " id ": "
#define GP(time, ip)                                                                                           \
    "Jul 24 " time " mx gatepost-milter[1]: gatepost: fail phase=rcpt client=" ip                              \
    " helo=\"h\" from=\"s@x.example\" to=\"r@y.example\" rule=a:1 reply=\"554 No\""

static void transactions_take__logs__patterns_found(void **state)
{
    static const struct {
        const char *what;
        const char *lines[12];
        const char *want;
    } cases[] = {
        {"three clients, one twice",
         {PF("01:00:00", "192.0.2.1"), PF("01:10:00", "192.0.2.2"), PF("01:20:00", "192.0.2.1"),
          PF("01:30:00", "192.0.2.3")},
         "s@x.example>r@y.example: 4/1800s 192.0.2.1=2 192.0.2.2=1 192.0.2.3=1\n"},
        {"two are too few", {PF("01:00:00", "192.0.2.1"), PF("01:10:00", "192.0.2.2")}, ""},
        {"not within the window",
         {PF("01:00:00", "192.0.2.1"), PF("01:40:00", "192.0.2.2"), PF("02:20:00", "192.0.2.3")},
         ""},
        {"the window slides, and what was before it is left out",
         {PF("01:00:00", "192.0.2.9"), PF("01:50:00", "192.0.2.1"), PF("02:20:00", "192.0.2.2"),
          PF("02:40:00", "192.0.2.3"), PF("03:30:00", "192.0.2.4")},
         "s@x.example>r@y.example: 4/6000s 192.0.2.1=1 192.0.2.2=1 192.0.2.3=1 192.0.2.4=1\n"},
        {"letters of either case",
         {PF("01:00:00", "192.0.2.1"), PF("01:10:00", "192.0.2.2"),
          "Jul 24 01:20:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from h[192.0.2.3]: 554 No; "
          "from=<S@X.example> "
          "to=<R@Y.EXAMPLE> proto=SMTP"},
         "s@x.example>r@y.example: 3/1200s 192.0.2.1=1 192.0.2.2=1 192.0.2.3=1\n"},
        {"temporary refusals do not count",
         {PFT("01:00:00", "192.0.2.1"), PFT("01:10:00", "192.0.2.2"), PF("01:20:00", "192.0.2.3"),
          PF("01:30:00", "192.0.2.4")},
         ""},
        {"nor does the null sender",
         {PFN("01:00:00", "192.0.2.1"), PFN("01:10:00", "192.0.2.2"), PFN("01:20:00", "192.0.2.3")},
         ""},
        {"addresses of one IPv6 network are one client",
         {PF("01:00:00", "2001:db8::1"), PF("01:01:00", "2001:db8::2"), PF("01:02:00", "2001:db8::3"),
          PF("01:03:00", "2001:db8:0:1::1")},
         "| 2001:db8::=3"},
        {"Sendmail, lines of several transactions mixed",
         {SM("01:00:00",
             "a1234567") "ruleset=check_rcpt, arg1=<r@y.example>, relay=[192.0.2.1], reject=550 5.7.1 No",
          SM("01:00:01", "b1234567") "Milter: to=<r@y.example>, reject=554 5.7.1 No",
          SM("01:00:01", "c1234567") "Milter: data, reject=554 5.7.1 No",
          SM("01:00:02", "b1234567") "from=<s@x.example>, size=0, proto=SMTP, relay=h.example [192.0.2.2]",
          SM("01:00:02", "d1234567") "from=<other@x.example>, size=9, proto=SMTP, relay=h.example [192.0.2.9]",
          SM("01:00:03", "c1234567") "from=<s@x.example>, size=0, proto=SMTP, relay=[192.0.2.3]",
          SM("01:00:03", "c1234567") "to=<r@y.example>, delay=00:00:01, stat=No",
          SM("01:00:04", "a1234567") "from=<s@x.example>, size=0, proto=SMTP, relay=[192.0.2.1]"},
         "s@x.example>r@y.example: 3/1s 192.0.2.1=1 192.0.2.2=1 192.0.2.3=1\n"},
        {"without ids a sender of another client belongs elsewhere",
         {"Jul 24 01:00:00 mx sm-mta ... ruleset=check_eoh, ... relay=[192.0.2.1], reject=553 No",
          "Jul 24 01:00:01 mx sm-mta ... from=<s@x.example>, size=1, relay=[192.0.2.9]",
          "Jul 24 01:00:01 mx sm-mta ... to=<r@y.example>, ...",
          "Jul 24 01:00:02 mx sm-mta ... ruleset=check_eoh, ... relay=[192.0.2.2], reject=553 No",
          "Jul 24 01:05:02 mx sm-mta ... from=<s@x.example>, size=1",
          "Jul 24 01:05:02 mx sm-mta ... to=<r@y.example>, ...", PF("01:06:00", "192.0.2.3")},
         ""},
        {"our line and the server's are one attempt",
         {GP("01:00:00", "192.0.2.1"), PF("01:00:00", "192.0.2.1"), GP("01:00:01", "192.0.2.1"),
          PF("01:00:01", "192.0.2.1"), GP("01:00:02", "192.0.2.2"), PF("01:00:03", "192.0.2.3"),
          GP("01:00:03", "192.0.2.3"), PF("01:00:09", "192.0.2.1")},
         "s@x.example>r@y.example: 5/9s 192.0.2.1=3 192.0.2.2=1 192.0.2.3=1\n| 192.0.2.1=3"},
        {"Exim's reject log names the recipient below",
         {"2003-07-24 01:00:00 1qCBoy-0003ji-G9 H=(h) [192.0.2.1] F=<s@x.example> rejected after DATA: No",
          "Envelope-from: <s@x.example>", "Envelope-to: <r@y.example>", "P Received: from h",
          "2003-07-24 01:00:01 1qCBoz-0003ji-G9 H=(h) [192.0.2.2] F=<s@x.example> rejected after DATA: No",
          "Envelope-from: <s@x.example>", "Envelope-to: <r@y.example>",
          "2003-07-24 01:00:02 H=(h) [192.0.2.3] F=<s@x.example> rejected RCPT <r@y.example>: No"},
         "s@x.example>r@y.example: 3/2s 192.0.2.1=1 192.0.2.2=1 192.0.2.3=1\n"},
    };
    static struct analysis a;
    char out[4096];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin(&a, 3600, 3, 3);
        for (size_t k = 0; k < 12 && cases[i].lines[k]; k++)
            line(&a, 0, cases[i].lines[k]);
        end(&a);
        if (strcmp(shown(&a, out), cases[i].want) != 0)
            fail_msg("%s: gives\n%s, not\n%s", cases[i].what, out, cases[i].want);
        discard(&a);
    }
}

static void transactions_take__one_line_in_two_logs__counted_once(void **state)
{
    static const char *const lines[] = {
        "2003-07-24 01:00:00 H=(h) [192.0.2.1] F=<s@x.example> rejected RCPT <r@y.example>: No",
        "2003-07-24 01:00:00 H=(h) [192.0.2.1] F=<s@x.example> rejected RCPT <r@y.example>: No",
        "2003-07-24 01:00:00 1qCBoy-0003ji-G9 H=(h) [192.0.2.2] F=<s@x.example> rejected after DATA: No"};
    static struct analysis a;
    char out[4096];
    (void)state;
    begin(&a, 3600, 2, 1);
    for (size_t file = 0; file < 2; file++)
        for (size_t i = 0; i < COUNT(lines); i++)
            line(&a, file, lines[i]);
    line(&a, 1, "Envelope-to: <r@y.example>");
    end(&a);
    assert_string_equal(shown(&a, out),
                        "s@x.example>r@y.example: 3/0s 192.0.2.1=2 192.0.2.2=1\n| 192.0.2.1=2| 192.0.2.2=1");
    discard(&a);
}

static void refused_take__reasons__what_differs_left_out(void **state)
{
    static const char *const replies[] = {"550 5.7.1 <a@b.example>... Relaying denied",
                                          "550 5.7.1 <c@d.example>... Relaying denied",
                                          "554 Client host [192.0.2.1] blocked; https://x.example/192.0.2.1",
                                          "554 Client host [192.0.2.2] blocked; https://y"};
    struct clients r;
    struct ip ip;
    (void)state;
    clients_init(&r, 3);
    assert_true(ip_parse(TEXT("192.0.2.1"), &ip));
    for (size_t i = 0; i < COUNT(replies); i++)
        assert_true(clients_take(&r, &ip, text_z(replies[i]), (int64_t)i, false));
    clients_finish(&r);
    assert_int_equal(r.count, 1);
    assert_string_equal(r.clients[0]->reasons[0].text, "550 5.7.1 <>... Relaying denied");
    assert_int_equal(r.clients[0]->reasons[0].count, 2);
    assert_string_equal(r.clients[0]->reasons[1].text, "554 Client host [] blocked;");
    assert_int_equal(r.clients[0]->reasons[1].count, 2);
    clients_fini(&r);
}

static void refused_take__more_clients_than_fit__those_refused_often_stay(void **state)
{
    struct clients r;
    struct ip often = {.byte = {10, 0, 0, 1}};
    (void)state;
    clients_init(&r, 3);
    r.most = 1000;
    for (uint32_t i = 0; i < 5 * r.most; i++) {
        struct ip ip = {.byte = {20, (unsigned char)(i >> 16), (unsigned char)(i >> 8), (unsigned char)i}};
        assert_true(clients_take(&r, &ip, TEXT("550 No"), i, false));
        if (i % 200 == 0)
            assert_true(clients_take(&r, &often, TEXT("550 No"), i, false));
        assert_true(r.count <= r.most);
    }
    clients_finish(&r);
    assert_int_equal(r.count, 1);
    assert_true(ip_eq(&r.clients[0]->ip, &often));
    assert_int_equal(r.clients[0]->count, 25);
    clients_fini(&r);
}

static void envelopes_attempt__flood_of_envelopes__memory_bounded(void **state)
{
    struct envelopes s;
    char sender[300];
    (void)state;
    envelopes_init(&s, 3600, 2);
    s.open_most = 1 << 20;
    memset(sender, 'x', sizeof sender);
    for (uint32_t i = 0; i < 5000; i++) {
        struct ip ip = {.byte = {20, (unsigned char)(i >> 16), (unsigned char)(i >> 8), (unsigned char)i}};
        snprintf(sender, sizeof sender, "%u", i);
        assert_true(envelopes_attempt(&s, &ip, text_of(sender, sizeof sender), TEXT("r@y"), 1000, false));
        assert_true(s.open_bytes <= s.open_most + 4096);
    }
    assert_true(s.lost_early > 0 && s.lost_early < 5000);
    envelopes_finish(&s);
    assert_int_equal(s.found_count, 0);
    assert_int_equal(s.open_bytes, 0);
    envelopes_fini(&s);
}

static void envelopes_attempt__flood_of_clients__listed_up_to_the_ceiling(void **state)
{
    struct envelopes s;
    (void)state;
    envelopes_init(&s, 3600, 3);
    for (uint32_t i = 0; i < 2 * ENVELOPES_CLIENTS; i++) {
        struct ip ip = {.byte = {20, (unsigned char)i, (unsigned char)(i >> 8), (unsigned char)(i >> 16)}};
        assert_true(envelopes_attempt(&s, &ip, TEXT("s@x"), TEXT("r@y"), 1000, false));
    }
    envelopes_finish(&s);
    assert_int_equal(s.found_count, 1);
    assert_true(s.found[0]->more_clients);
    assert_int_equal(s.found[0]->client_count, ENVELOPES_CLIENTS);
    assert_int_equal(s.found[0]->attempts, 2 * ENVELOPES_CLIENTS);
    envelopes_fini(&s);
}

static void mercury_blacklist_take__entries__leave_after_half_an_hour(void **state)
{
    struct mercury_blacklist b;
    (void)state;
    mercury_blacklist_init(&b);
    assert_true(mercury_blacklist_take(&b, TEXT("192.0.2.1"), false, 36000));
    assert_true(mercury_blacklist_take(&b, TEXT("192.0.2.2"), false, 36060));
    assert_true(mercury_blacklist_take(&b, TEXT("192.0.2.1"), true, 36100)); /* is on it */
    assert_int_equal(b.current, 2);
    mercury_blacklist_at(&b, 36000 + MERCURY_BLACKLIST_SECONDS);
    assert_int_equal(b.current, 1);
    assert_true(mercury_blacklist_take(&b, TEXT("192.0.2.9"), true, 38000)); /* must have been on it */
    assert_int_equal(b.current, 1);
    assert_int_equal(b.peak, 2);
    assert_int_equal(b.peak_time, 36060);
    mercury_blacklist_at(&b, 39700);
    assert_int_equal(b.current, 1);
    mercury_blacklist_at(&b, 39800);
    assert_int_equal(b.current, 0);
    assert_true(mercury_blacklist_take(&b, TEXT("192.0.2.1"), false, 39900));
    assert_int_equal(b.hour_count, 2);
    assert_int_equal(b.hours[0].added, 2);
    assert_int_equal(b.hours[0].refused, 2);
    assert_int_equal(b.hours[0].peak, 2);
    assert_int_equal(b.hours[1].peak, 1);
    mercury_blacklist_fini(&b);
}

static void hashmap__put_and_remove__like_a_plain_list(void **state)
{
    enum { KEYS = 700 };
    struct hashmap m = {.n = 0};
    bool there[KEYS + 1] = {false};
    unsigned seed = 1;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        seed = seed * 1103515245 + 12345;
        /* all keys meet in few places */
        uint64_t n = seed / 65536 % KEYS + 1, key = n << 40 | n % 3;
        key += !key;
        assert_int_equal(hashmap_get(&m, key) != NULL, there[n]);
        if (there[n])
            hashmap_remove(&m, key);
        else
            assert_true(hashmap_put(&m, key, there + n));
        there[n] = !there[n];
    }
    hashmap_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_take__logs__patterns_found),
        cmocka_unit_test(transactions_take__one_line_in_two_logs__counted_once),
        cmocka_unit_test(refused_take__reasons__what_differs_left_out),
        cmocka_unit_test(refused_take__more_clients_than_fit__those_refused_often_stay),
        cmocka_unit_test(envelopes_attempt__flood_of_envelopes__memory_bounded),
        cmocka_unit_test(envelopes_attempt__flood_of_clients__listed_up_to_the_ceiling),
        cmocka_unit_test(mercury_blacklist_take__entries__leave_after_half_an_hour),
        cmocka_unit_test(hashmap__put_and_remove__like_a_plain_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
