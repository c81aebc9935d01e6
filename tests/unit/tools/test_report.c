/* What a report counts, what it keeps when there is too much, and that the page shows the words of others as text. */
#include "tests/unit/lib/command_helper.h"

#include "tools/report/arrival.h"
#include "tools/report/digest.h"

static void arrival__lines_of_servers__client_and_verified_name(void **state)
{
    (void)state;
    static const struct {
        const char *line, *client, *name, *sender; /* client NULL: no mail was taken in */
    } cases[] = {
        {"2003-07-24 01:11:45 1qCBoy-0003ji-G9 <= a@example.net H=mx.example.net (helo) [192.0.2.1]:4101 "
         "P=esmtp S=900",
         "192.0.2.1", "mx.example.net", "a@example.net"},
        {"2003-07-24 01:11:45 1qCBoy-00000000abc-1xyz <= a@example.net H=mx.example.net [192.0.2.1] P=esmtp",
         "192.0.2.1", "mx.example.net", "a@example.net"},
        {"2003-07-24 01:11:45 1qCBoy-0003ji-G9 <= <> H=([198.51.100.7]) [2001:db8::1]:25 P=esmtp",
         "2001:db8::1", "", ""},
        {"2003-07-24 01:11:45 1qCBoy-0003ji-G9 <= a@b H=(x) [198.51.100.7]) [192.0.2.1] P=esmtp", NULL, NULL,
         NULL},
        {"2003-07-24 01:11:45 1qCBoy-0003ji-G9 <= root@here U=root P=local S=500", NULL, NULL, NULL},
        {"2003-07-24 01:11:45 1qCBoy-0003ji-G9 => b@example.com R=dnslookup H=mx.example.com [192.0.2.9]", NULL,
         NULL, NULL},
        {"2003-07-24 01:11:45 no host name found: x 1qCBoy <= a@b H=mx.example.net [192.0.2.1]", NULL, NULL,
         NULL},
        {"Jul 24 01:11:45 mx postfix/smtpd[901]: 9BAE872A12E: client=mx.example.net[192.0.2.2]", "192.0.2.2",
         "mx.example.net", ""},
        {"Jul 24 01:11:45 mx postfix/smtpd[901]: 9BAE872A12E: client=unknown[192.0.2.2]", "192.0.2.2", "", ""},
        {"Jul 24 01:11:45 mx postfix/smtpd[901]: connect from mx.example.net[192.0.2.2]", NULL, NULL, NULL},
        {"Jul 24 01:11:45 mx postfix/smtpd[901]: NOQUEUE: reject: RCPT from x[192.0.2.2]: 554 5.7.1 <a>: no; "
         "from=<9BAE872A12E: "
         "client=x[192.0.2.3]>",
         NULL, NULL, NULL},
        {"Jul 24 01:11:45 mx sm-mta[801]: h6O8BjCE012345: from=<a@example.net>, size=900, class=0, nrcpts=1, "
         "msgid=<1@x>, "
         "proto=ESMTP, daemon=MTA, relay=mx.example.net [192.0.2.3]",
         "192.0.2.3", "mx.example.net", "a@example.net"},
        {"Jul 24 01:11:45 mx sm-mta[801]: h6O8BjCE012345: from=<a@example.net>, size=900, class=0, nrcpts=1, "
         "msgid=<1@x>, "
         "proto=ESMTP, daemon=MTA, relay=mx.example.net [192.0.2.3] (may be forged)",
         "192.0.2.3", "", "a@example.net"},
        {"Jul 24 01:11:45 mx sm-mta[801]: h6O8BjCE012345: from=<a@example.net>, size=0, class=0, nrcpts=0, "
         "proto=ESMTP, "
         "daemon=MTA, relay=mx.example.net [192.0.2.3]",
         NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct log_event e = {.traffic = true};
        struct arrival a;
        char client[IP_TEXT_MAX] = "";
        log_line_read(text_z(cases[i].line), false, &e);
        bool got = arrival_read(&e, &a);
        if (got)
            ip_format(&a.client, client);
        if (got != (cases[i].client != NULL) ||
            (got && (strcmp(client, cases[i].client) != 0 || !text_eq(a.name, text_z(cases[i].name)) ||
                     !text_eq(a.sender, text_z(cases[i].sender)))))
            fail_msg("%s: %d %s '%.*s' '%.*s'", cases[i].line, got, client, (int)a.name.n, a.name.p,
                     (int)a.sender.n, a.sender.p);
    }
}

/* Feeds lines of the form of Exim's log, stamped; each line is of one file. */
static void feed(struct digest *d, const char *line, int64_t time, size_t file)
{
    struct log_event e = {.traffic = true};
    log_line_read(text_z(line), false, &e);
    assert_true(digest_take(d, &e, time, file));
    d->lines++;
}

static const struct digest_cause *cause(const struct digest *d, const char *name)
{
    for (size_t i = 0; i < d->cause_count; i++)
        if (strcmp(d->causes[i].name, name) == 0)
            return &d->causes[i];
    fail_msg("no cause '%s'", name);
    return NULL;
}

#define OWN "2003-07-24 01:11:45 gatepost: "

static void digest__lines_of_gatepost_and_its_server__one_refusal_with_the_rule(void **state)
{
    (void)state;
    struct digest *d = digest_new(1);
    assert_non_null(d);
    /* Either may come first. */
    feed(d, "2003-07-24 01:11:45 H=(h) [192.0.2.1]:41 F=<a@b> rejected RCPT <x@y>: no", NOW, 0);
    feed(d, OWN "fail phase=rcpt client=192.0.2.1 helo=\"h\" rule=g.conf:3 reply=\"554 no\"", NOW, 0);
    feed(d, OWN "fail phase=rcpt client=192.0.2.2 helo=\"h\" rule=g.conf:3 reply=\"554 no\"", NOW + 1, 0);
    feed(d, "2003-07-24 01:11:46 H=(h) [192.0.2.2]:41 F=<a@b> rejected RCPT <x@y>: no", NOW + 1, 0);
    assert_int_equal(d->refused, 2);
    assert_int_equal(cause(d, "g.conf:3")->refused, 2);
    assert_int_equal(cause(d, "Exim: no")->refused, 0);
    assert_int_equal(d->clients.count, 2);
    /* Trial mode, a `log` rule, a temporary refusal. */
    feed(d, OWN "would refuse phase=helo client=192.0.2.3 helo=\"h\" rule=g.conf:4 reply=\"554 no\"", NOW + 2,
         0);
    feed(d, OWN "log phase=helo client=192.0.2.3 helo=\"h\" rule=g.conf:5 text=\"x\"", NOW + 2, 0);
    feed(d, OWN "fail phase=rcpt client=192.0.2.3 helo=\"h\" rule=g.conf:6 reply=\"451 later\"", NOW + 2, 0);
    assert_int_equal(d->refused, 2);
    assert_int_equal(d->would, 1);
    assert_int_equal(d->temporary, 1);
    assert_int_equal(cause(d, "g.conf:4")->would, 1);
    assert_int_equal(cause(d, "g.conf:5")->logged, 1);
    digest_free(&d);
}

/* syslog writes a message once, and says how often it came. */
static void digest__message_repeated__each_counts(void **state)
{
    (void)state;
    static const char reject[] =
        "postfix/smtpd[901]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 <a@b>: no; from=<c@d> to=<a@b>";
    char line[400];
    struct digest *d = digest_new(1);
    snprintf(line, sizeof line, "Jul 24 01:11:45 mx %s", reject);
    feed(d, line, NOW, 0);
    feed(d, "Jul 24 01:11:49 mx last message repeated 4 times", NOW + 4, 0);
    assert_int_equal(d->refused, 5);
    snprintf(line, sizeof line, "Jul 24 01:12:45 mx postfix/smtpd[901]: message repeated 3 times: [ %s]",
             strchr(reject, ' ') + 1);
    feed(d, line, NOW + 60, 0);
    assert_int_equal(d->refused, 8);
    /* Of a line that refuses nothing, repetitions say nothing. */
    feed(d, "Jul 24 01:13:45 mx postfix/smtpd[901]: connect from x[192.0.2.1]", NOW + 120, 0);
    feed(d, "Jul 24 01:13:49 mx last message repeated 4 times", NOW + 124, 0);
    assert_int_equal(d->refused, 8);
    digest_free(&d);
}

/* The sum of what came onto the list and left it, up to each hour. */
static void digest__blocklist__each_client_once_until_its_time_is_over(void **state)
{
    (void)state;
    const int64_t hours = 3600;
    struct digest *d = digest_new(1);
    int64_t start = NOW - NOW % hours;
    feed(d, OWN "refuse phase=helo client=192.0.2.1 helo=\"h\" rule=g.conf:3 reply=\"554 no\" blocked=2h",
         start, 0);
    feed(d, OWN "refuse phase=helo client=192.0.2.1 helo=\"h\" rule=g.conf:3 reply=\"554 no\" blocked=6h",
         start + hours, 0);
    feed(d, OWN "relay-pattern from=\"a@b\" to=\"x@y\" clients=192.0.2.7,2001:db8::1 blocked=1h",
         start + 2 * hours, 0);
    feed(d, OWN "log phase=helo client=192.0.2.9 helo=\"h\" rule=g.conf:3 text=\"no\"", start + 9 * hours, 0);
    digest_finish(d);
    int listed = 0;
    static const struct {
        int64_t hour;
        int listed;
    } want[] = {{0, 1}, {1, 1}, {2, 3}, {3, 1}, {6, 1}, {7, 0}, {9, 0}};
    size_t hour = 0;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        for (; hour < d->hour_count && d->hours[hour].start <= start + want[i].hour * hours; hour++)
            listed += d->hours[hour].listed;
        assert_int_equal(listed, want[i].listed);
    }
    assert_int_equal(d->patterns, 1);
    digest_free(&d);
}

static void digest__too_many_clients__the_rarest_are_merged(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct digest *d = digest_new(1);
    d->clients.most = 256;
    for (unsigned i = 0; i < MANY; i++) {
        char line[200];
        snprintf(line, sizeof line,
                 OWN "fail phase=rcpt client=10.%u.%u.1 helo=\"h\" rule=g.conf:3 reply=\"554 no\"", i / 250,
                 i % 250);
        feed(d, line, NOW + i * 10, 0);
        feed(d, OWN "fail phase=rcpt client=192.0.2.1 helo=\"h\" rule=g.conf:3 reply=\"554 no\"", NOW + i * 10,
             0);
    }
    assert_true(d->clients.count <= 256);
    assert_int_equal(d->refused, 2 * MANY);
    assert_int_equal(d->clients.merged + d->clients.count, MANY + 1);
    assert_int_equal(d->clients.merged_refused, d->clients.merged);
    /* A client that comes often is still there. */
    struct ip ip = address("192.0.2.1");
    assert_int_equal(digest_clients_get(&d->clients, &ip, NOW)->refused, MANY);
    digest_free(&d);
}

static void digest__more_than_two_years__days_instead_of_hours(void **state)
{
    (void)state;
    struct digest *d = digest_new(1);
    for (unsigned i = 0; i < DIGEST_HOURS + 100; i++)
        feed(d, OWN "fail phase=rcpt client=192.0.2.1 helo=\"h\" rule=g.conf:3 reply=\"554 no\"",
             NOW + (int64_t)i * 3600, 0);
    uint64_t sum = 0;
    for (size_t i = 0; i < d->hour_count; i++)
        sum += d->hours[i].refused[0];
    assert_int_equal(d->step, 86400);
    assert_int_equal(sum, DIGEST_HOURS + 100);
    assert_true(d->hour_count < 1000);
    digest_free(&d);
}

/* A flood of different words makes no more causes than there is room for, and loses no refusals. */
static void digest__too_many_causes__others_are_one(void **state)
{
    (void)state;
    struct digest *d = digest_new(1);
    for (unsigned i = 0; i < 1000; i++) {
        char line[200];
        snprintf(line, sizeof line,
                 OWN "fail phase=rcpt client=192.0.2.1 helo=\"h\" rule=g%u.conf:3 reply=\"554 no\"", i);
        feed(d, line, NOW, 0);
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < d->cause_count; i++)
        sum += d->causes[i].refused;
    assert_int_equal(d->cause_count, DIGEST_CAUSES);
    assert_int_equal(sum, 1000);
    assert_string_equal(d->causes[DIGEST_CAUSES - 1].name, "other causes");
    digest_free(&d);
}

static void page__words_of_others__are_text(void **state)
{
    (void)state;
    static const char evil[] = "<script>alert(1)</script>";
    char path[200], line[600], text[4000];
    struct writer w = writer_on(text, sizeof text);
    for (unsigned i = 1; i <= 4;
         i++) /* one envelope from several clients, refused by a rule with an odd name */
        writer_printf(&w,
                      OWN "fail phase=rcpt client=192.0.2.%u helo=\"%s\" from=\"a%s@x\" to=\"b%s@y\" "
                          "rule=\"%s\" reply=\"554 %s\"\n",
                      i, evil, evil, evil, evil, evil);
    writer_printf(&w, "2003-07-24 02:11:45 H=(%s) [192.0.2.9]:41 F=<%s@x> rejected RCPT <%s@y>: %s \x1b[2J\n",
                  evil, evil, evil, evil);
    temp_text(&folder, "log", text);
    snprintf(path, sizeof path, "%s/report.html", folder.path);
    snprintf(line, sizeof line, "report --output %s %s/log", path, folder.path);
    assert_int_equal(run(cmd_report, line), STATUS_YES);
    char *page;
    size_t n;
    struct file_id id;
    assert_int_equal(os_read(path, 1 << 20, &page, &n, &id), 0);
    struct text t = text_of(page, n);
    /* The only script is the page's own, at its end. */
    size_t first = text_find_nocase(t, TEXT("<script")),
           escaped = text_find_nocase(t, TEXT("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_true(escaped < first);
    assert_int_equal(text_find_nocase(text_skip(t, first), TEXT("alert(1)")), n - first);
    assert_int_equal(text_find(t, 0, '\x1b'), n);
    assert_true(text_find_nocase(t, TEXT("</html>")) < n);
    free(page);
    snprintf(line, sizeof line, "report --output %s/none/report.html %s/log", folder.path, folder.path);
    assert_int_equal(run(cmd_report, line), STATUS_CANNOT);
    assert_int_equal(run(cmd_report, "report"), STATUS_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrival__lines_of_servers__client_and_verified_name),
        cmocka_unit_test(digest__lines_of_gatepost_and_its_server__one_refusal_with_the_rule),
        cmocka_unit_test(digest__message_repeated__each_counts),
        cmocka_unit_test(digest__blocklist__each_client_once_until_its_time_is_over),
        cmocka_unit_test(digest__too_many_clients__the_rarest_are_merged),
        cmocka_unit_test(digest__more_than_two_years__days_instead_of_hours),
        cmocka_unit_test(digest__too_many_causes__others_are_one),
        TEST(page__words_of_others__are_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
