#include "tests/unit/lib/table_helper.h"

#include <cdb.h>

#include "tools/commands.h"

/* Every record as "key=value;". */
static const char *contents(void)
{
    static char memory[4000];
    struct writer w = writer_on(memory, sizeof memory);
    struct text key, value;
    uint64_t at = 0;
    struct table *t = open_made();
    while (table_next(t, &at, &key, &value) > 0) {
        writer_add(&w, key);
        writer_char(&w, '=');
        writer_add(&w, value);
        writer_char(&w, ';');
    }
    table_close(&t);
    return memory;
}

struct good {
    enum table_source source;
    enum table_kind kind;
    const char *text, *contents;
};

static void check_good(const struct good *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (make_table(cases[i].source, cases[i].kind, text_z(cases[i].text)) != 0)
            fail_msg("%s: %s", cases[i].text, problems);
        assert_string_equal(contents(), cases[i].contents);
    }
}

static void table_make__text__canonical_records(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {SOURCE_TEXT, KIND_UNKNOWN, "", ""},
        {SOURCE_TEXT, KIND_UNKNOWN, "\xEF\xBB\xBF# mark\r\n\r\n 192.0.2.1\tAll\r\n", "client:192.0.2.1=all;"},
        {SOURCE_TEXT, KIND_UNKNOWN, "a.example headers, Message-ID #c\nb.example none",
         "client:a.example=message-id headers;client:b.example=none;"},
        {SOURCE_TEXT, KIND_UNKNOWN, "a.example rcpt blocklist\n", "client:a.example=rcpt blocklist;"},
        {SOURCE_TEXT, KIND_UNKNOWN, "61.77.232.38  550 5.7.1 see #3 # kept\n",
         "client:61.77.232.38=550 5.7.1 see #3 # kept;"},
        {SOURCE_TEXT, KIND_UNKNOWN, "to:sugar@example.com # trap\nto:honey@\n",
         "to:sugar@example.com=;to:honey@=;"},
        {SOURCE_TEXT, KIND_TRAP, "to:sugar@example.com\n", "to:sugar@example.com=;"},
        {SOURCE_TEXT, KIND_SET, "a.example some note # c\nb.example\n",
         "client:a.example=some note;client:b.example=;"},
        {SOURCE_TEXT, KIND_UNKNOWN, "to:\"a b\"@x.example rcpt\n", "to:a b@x.example=rcpt;"},
        /* the same entry twice does no harm */
        {SOURCE_TEXT, KIND_UNKNOWN, "10.0.0.1 all\n010.example all\n10.0.0.1/32 ALL\n",
         "client:10.0.0.1=all;client:010.example=all;"},
    };
    check_good(cases, sizeof cases / sizeof *cases);
}

static void table_make__wrong_text__all_problems_with_their_places(void **state)
{
    (void)state;
    static const struct {
        enum table_kind kind;
        const char *text, *problems;
    } cases[] = {
        {KIND_UNKNOWN, "a.example helo\nb.example  helo, mial\n",
         "2:18: unknown operation 'mial'; did you mean 'mail'?\n"},
        {KIND_UNKNOWN, "a.example all\nb.example 550 x\nc.example\n",
         "2:11: replies, but line 1 has exemptions: one file makes one table\n"
         "3:1: keys without values, but line 1 has exemptions: one file makes one table\n"},
        {KIND_UNKNOWN, "a.example all helo\n", "1:11: 'all' and 'none' cannot be combined with other words\n"},
        {KIND_UNKNOWN, "10.0.0.1 all\n\n10.0.0.1 helo\n", "3:1: this key is on line 1 with another value\n"},
        {KIND_UNKNOWN, "10.0.0.1/8 all\nx@y all\n",
         "1:1: bits after the prefix length are not zero\n2:1: a mailbox needs from: or to: before it\n"},
        {KIND_EXEMPT, "10.0.0.1\n",
         "1:1: the exemptions are missing: operations, 'all', 'none' or 'blocklist'\n"},
        {KIND_BLOCK, "0.0.0.0/0 550 go\n", "1:1: this would refuse everybody\n"},
        {KIND_TRAP, "sugar.example\n", "1:1: a trap is a recipient: write 'to:' before it\n"},
        {KIND_TRAP, "to:a@b.example 550\n", "1:16: a trap has no value\n"},
        {KIND_UNKNOWN, "a.example he\001lo\n", "1:13: control character \\x01\n"},
        {KIND_UNKNOWN, "10.0.0.1 550 \x9b[2J\n", "1:14: control character \\x9b\n"},
        {KIND_UNKNOWN, "10.0.0.1 550 a\xE2\x80\xAE\n",
         "1:15: this character is not seen, or changes how others are shown\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(make_table(SOURCE_TEXT, cases[i].kind, text_z(cases[i].text)), 1);
        assert_string_equal(problems, cases[i].problems);
    }
    assert_int_equal(make_table(SOURCE_TEXT, KIND_BLOCK, TEXT("10.0.0.1 250 ok\n10.0.0.2\n10.0.0.3 55x\n")), 1);
    assert_non_null(strstr(problems, "1:10: a block table needs a reply"));
    assert_non_null(strstr(problems, "2:1: a block table needs a reply"));
    assert_non_null(strstr(problems, "3:10: a block table needs a reply"));
}

static void table_make__access__rejecting_or_accepting_part(void **state)
{
    (void)state;
    static const char text[] = "# local\n"
                               "Connect:1.2.3.4\tREJECT\n"
                               "Connect:192.168\tERROR:5.7.1:550 Not \"here\"\n"
                               "10\tERROR:\"550 No\"\n"
                               "IPv6:2001:db8\t451 Later\n"
                               "Connect:IPv6:2001:db8:0:0:0:0:0:1 OK\n"
                               "spam.example\tREJECT\n"
                               "friend.example\tOK\n"
                               "From:bad@x.example\tERROR:4.7.1:450 Wait\n"
                               "To:sugar@\tREJECT\n"
                               "Connect:our.example\tRELAY\n"
                               "To:our.example\tRELAY\n"
                               "1.2.3.5\tSKIP\n"
                               "9.9.9.9\tDISCARD\n"
                               "Spam:x@y\tFRIEND\n";
    static const struct good cases[] = {
        {SOURCE_ACCESS, KIND_BLOCK, text,
         "client:1.2.3.4=550 5.7.1 Access denied;client:192.168.0.0/16=550 5.7.1 Not \"here\";"
         "from:bad@x.example=450 4.7.1 Wait;to:sugar@=550 5.7.1 Access denied;client:10.0.0.0/8=550 No;"
         "client:2001:db8::/32=451 Later;client:.spam.example=550 5.7.1 Access denied;"
         "from:.spam.example=550 5.7.1 Access denied;"},
        {SOURCE_ACCESS, KIND_EXEMPT, text,
         "client:1.2.3.4=none;client:192.168.0.0/16=none;client:2001:db8::1=all;from:bad@x.example=none;"
         "to:sugar@=none;client:.our.example=all;client:10.0.0.0/8=none;client:2001:db8::/32=none;"
         "client:.spam.example=none;from:.spam.example=none;client:.friend.example=all;from:.friend.example="
         "all;"
         "client:1.2.3.5=none;"},
    };
    check_good(cases, 1);
    assert_string_equal(job.left_out[0].what, "OK or RELAY (--kind exempt)");
    assert_int_equal(job.left_out[0].count, 4);
    assert_string_equal(job.left_out[1].what, "SKIP");
    assert_string_equal(job.left_out[2].what, "DISCARD");
    assert_string_equal(job.left_out[3].what, "Spam:");
    check_good(cases + 1, 1);
    assert_string_equal(job.left_out[0].what, "RELAY for From: or To:");
}

/* One line of an access file, and what becomes of it in a block table, or why it is left out. */
static void table_make__access__every_form_of_keys_and_values(void **state)
{
    (void)state;
    static const struct {
        const char *line, *contents, *left_out;
    } cases[] = {
        /* Keys: cf/README, access(5), cidr_table(5). */
        {"Connect:[192.0.2.3] REJECT", "client:192.0.2.3=550 5.7.1 Access denied;", NULL},
        {"Connect:[IPv6:::1] REJECT", "client:::1=550 5.7.1 Access denied;", NULL},
        {"[IPv6:2001:db8::1] REJECT", "client:2001:db8::1=550 5.7.1 Access denied;", NULL},
        {"[2001:db8::1] REJECT", "client:2001:db8::1=550 5.7.1 Access denied;", NULL},
        {"Connect:[192.0.2] REJECT", "client:192.0.2.0/24=550 5.7.1 Access denied;", NULL},
        {"192.0.2 REJECT", "client:192.0.2.0/24=550 5.7.1 Access denied;", NULL},
        {"192.0.2. REJECT", "client:192.0.2.0/24=550 5.7.1 Access denied;", NULL},
        {"127 REJECT", "client:127.0.0.0/8=550 5.7.1 Access denied;", NULL},
        {"192.0.2.0/25 REJECT", "client:192.0.2.0/25=550 5.7.1 Access denied;", NULL},
        {"2001:db8:1 REJECT", "client:2001:db8:1::/48=550 5.7.1 Access denied;", NULL},
        {"IPv6:2001:db8: REJECT", "client:2001:db8::/32=550 5.7.1 Access denied;", NULL},
        {"2001:db8::/32 REJECT", "client:2001:db8::/32=550 5.7.1 Access denied;", NULL},
        {"dead:beef::1 REJECT", "client:dead:beef::1=550 5.7.1 Access denied;", NULL},
        {"connect:Example.COM REJECT", "client:.example.com=550 5.7.1 Access denied;", NULL},
        {"Connect:.example.com REJECT", "client:.example.com=550 5.7.1 Access denied;", NULL},
        {"From:example.com REJECT", "from:.example.com=550 5.7.1 Access denied;", NULL},
        {"From:@example.com REJECT", "from:@example.com=550 5.7.1 Access denied;", NULL},
        {"To:user@ REJECT", "to:user@=550 5.7.1 Access denied;", NULL},
        {"user@ REJECT", "from:user@=550 5.7.1 Access denied;to:user@=550 5.7.1 Access denied;", NULL},
        {"u@example.com REJECT",
         "from:u@example.com=550 5.7.1 Access denied;to:u@example.com=550 5.7.1 Access denied;", NULL},
        {"@example.com REJECT", "from:@example.com=550 5.7.1 Access denied;", NULL},
        {"From:<@> REJECT", "from:<>=550 5.7.1 Access denied;", NULL},
        {"From:<> REJECT", "from:<>=550 5.7.1 Access denied;", NULL},
        {"Connect:192.0.2.300 REJECT", "", "neither an address, a prefix like 192.0.2.0/24, nor a domain"},
        {"Connect: REJECT", "", "the key is missing"},
        {"192.0.2.1/24 REJECT", "", "bits after the prefix length are not zero"},
        {"0.0.0.0/0 REJECT", "", "a key that would refuse everybody"},
        {"::/0 REJECT", "", "a key that would refuse everybody"},
        {"Spam:u@example.com FRIEND", "", "Spam:"},
        {"GreetPause:example.com 5000", "", "GreetPause:"},
        {"ClientRate: 10", "", "ClientRate:"},
        {"ClientConn:192.0.2.1 10", "", "ClientConn:"},
        {"TLS_Srv:example.com VERIFY:112", "", "TLS_Srv:"},
        {"Try_TLS:example.com NO", "", "Try_TLS:"},
        {"Srv_Features:192.0.2.1 V", "", "Srv_Features:"},
        {"CertIssuer:/CN=x RELAY", "", "CertIssuer:"},
        {"AuthInfo:example.com \"U:root\"", "", "AuthInfo:"},
        {"Compat:a@example.com<@>b@example.net REJECT", "", "Compat:"},
        {"/^bad/ REJECT", "", "an expression or a negated net"},
        {"!192.0.2.0/24 REJECT", "", "an expression or a negated net"},
        {"if 192.0.2.0/24", "", "a value that neither rejects nor accepts"},
        {"endif", "", "a key without a value"},
        {"192.0.2.1", "", "a key without a value"},
        {"192.0.2.0/24 ; SBL1", "", "a value that neither rejects nor accepts"},
        {"\tand more text", "", "a line that begins with a blank"},
        {"a\001b REJECT", "", "control character \\x01"},
        /* Values. */
        {"192.0.2.1 reject", "client:192.0.2.1=550 5.7.1 Access denied;", NULL},
        {"192.0.2.1 REJECT Go away", "client:192.0.2.1=550 5.7.1 Go away;", NULL},
        {"192.0.2.1 REJECT 5.7.25 No name", "client:192.0.2.1=550 5.7.25 No name;", NULL},
        {"192.0.2.1 DEFER", "client:192.0.2.1=450 4.7.1 Access denied;", NULL},
        {"192.0.2.1 DEFER 4.3.2 Later", "client:192.0.2.1=450 4.3.2 Later;", NULL},
        {"192.0.2.1 550 No", "client:192.0.2.1=550 No;", NULL},
        {"192.0.2.1 550", "client:192.0.2.1=550 Access denied;", NULL},
        {"192.0.2.1 421 4.7.0 Later", "client:192.0.2.1=421 4.7.0 Later;", NULL},
        {"192.0.2.1 554 5.10.115 No", "client:192.0.2.1=554 5.10.115 No;", NULL},
        {"192.0.2.1 \"550 No\"", "client:192.0.2.1=550 No;", NULL},
        {"192.0.2.1 ERROR:550 No", "client:192.0.2.1=550 No;", NULL},
        {"192.0.2.1 ERROR:5.7.1:550 No", "client:192.0.2.1=550 5.7.1 No;", NULL},
        {"192.0.2.1 ERROR:5.10.115:550 No", "client:192.0.2.1=550 5.10.115 No;", NULL},
        {"192.0.2.1 ERROR:\"550 No\"", "client:192.0.2.1=550 No;", NULL},
        {"192.0.2.1 ERROR:5.7.1:\"550 No, no\"", "client:192.0.2.1=550 5.7.1 No, no;", NULL},
        {"192.0.2.1 ERROR:\"550:5.7.1 No\"", "client:192.0.2.1=550 5.7.1 No;", NULL},
        {"192.0.2.1 \"ERROR:5.7.1:550 No\"", "client:192.0.2.1=550 5.7.1 No;", NULL},
        {"192.0.2.1 ERROR:5.7.1", "client:192.0.2.1=550 5.7.1 Access denied;", NULL},
        {"192.0.2.1 ERROR:4.7.1:Later", "client:192.0.2.1=450 4.7.1 Later;", NULL},
        {"192.0.2.1 ERROR:4.7.1:550 No", "client:192.0.2.1=550 No;", NULL},
        {"192.0.2.1 550 Say \"friend\" first", "client:192.0.2.1=550 Say \"friend\" first;", NULL},
        {"192.0.2.1 ERROR:No code", "", "ERROR"},
        {"192.0.2.1 ERROR:250 Fine", "", "ERROR"},
        {"192.0.2.1 OK", "", "OK or RELAY (--kind exempt)"},
        {"192.0.2.1 permit", "", "OK or RELAY (--kind exempt)"},
        {"192.0.2.1 SKIP", "", "SKIP"},
        {"192.0.2.1 DUNNO", "", "SKIP"},
        {"192.0.2.1 DISCARD", "", "DISCARD"},
        {"192.0.2.1 discard:spam", "", "discard"},
        {"192.0.2.1 QUARANTINE:odd", "", "QUARANTINE"},
        {"192.0.2.1 HOLD", "", "HOLD"},
        {"192.0.2.1 FILTER smtp:[127.0.0.1]:10025", "", "FILTER"},
        {"192.0.2.1 WARN odd", "", "WARN"},
        {"192.0.2.1 reject_unauth_destination", "", "a value that neither rejects nor accepts"},
        {"192.0.2.1 1234567", "", "a value that neither rejects nor accepts"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *left_out = cases[i].left_out ? cases[i].left_out : "";
        assert_int_equal(make_table(SOURCE_ACCESS, KIND_BLOCK, text_z(cases[i].line)), 0);
        if (strcmp(contents(), cases[i].contents) != 0 || strcmp(job.left_out[0].what, left_out) != 0)
            fail_msg("%s: '%s', left out '%s'", cases[i].line, contents(), job.left_out[0].what);
        assert_int_equal(problems[0] != '\0', left_out[0] != '\0');
    }
}

static void table_make__access__what_is_left_out_is_shown_once_and_counted(void **state)
{
    (void)state;
    static const char text[] = "9.9.9.9\tDISCARD\nSpam:x@y.example\tFRIEND\n9.9.9.8\tDISCARD\n"
                               "1.2.3.4\tREJECT\n1.2.3.4\t451 Later\nspam.example REJECT\nbad@ REJECT\n";
    assert_int_equal(make_table(SOURCE_ACCESS, KIND_BLOCK, text_z(text)), 0);
    assert_string_equal(problems, "1:9: left out: DISCARD\n2:1: left out: Spam:\n"
                                  "5:1: left out: a key that an earlier line has with another value\n");
    assert_int_equal(job.left_out[0].count, 2);
    assert_int_equal(job.left_out[1].count, 1);
    assert_int_equal(job.left_out[2].count, 1);
    assert_int_equal(job.client_senders, 1);
    assert_int_equal(job.both_ways, 1);
    assert_string_equal(contents(), "client:1.2.3.4=550 5.7.1 Access denied;"
                                    "client:.spam.example=550 5.7.1 Access denied;"
                                    "from:.spam.example=550 5.7.1 Access denied;"
                                    "from:bad@=550 5.7.1 Access denied;to:bad@=550 5.7.1 Access denied;");
}

/* As in Sendmail, an entry with a tag comes before one without, whatever the order of the lines. */
static void table_make__access__a_tag_comes_first(void **state)
{
    (void)state;
    assert_int_equal(make_table(SOURCE_ACCESS, KIND_BLOCK,
                                TEXT("u@example.com REJECT\nTo:u@example.com 551 Moved\n192.0.2.1 REJECT\n"
                                     "Connect:192.0.2.1 421 Busy\n192.0.2.2 REJECT\n192.0.2.2 450 Later\n")),
                     0);
    assert_string_equal(contents(), "to:u@example.com=551 Moved;client:192.0.2.1=421 Busy;"
                                    "from:u@example.com=550 5.7.1 Access denied;"
                                    "client:192.0.2.2=550 5.7.1 Access denied;");
    assert_int_equal(job.left_out[0].count, 1);
    assert_string_equal(problems, "6:1: left out: a key that an earlier line has with another value\n");
}

static void table_make__mercury_acl__narrowest_range_speaks(void **state)
{
    (void)state;
    static const struct good cases[] = {
        {SOURCE_MERCURY_ACL, KIND_BLOCK,
         "1 10.0.0.0 10.0.0.255; them\n0 10.0.0.64 10.0.0.127\n1 10.0.0.65\n2 127.0.0.1\n",
         "client:10.0.0.0/26=554 5.7.1 Access denied;client:10.0.0.65=554 5.7.1 Access denied;"
         "client:10.0.0.128/25=554 5.7.1 Access denied;"},
        {SOURCE_MERCURY_ACL, KIND_EXEMPT,
         "4 10.0.0.1 10.0.0.6\n16 10.0.0.3\n20 192.0.2.1\n0 10.0.0.0 10.255.255.255\n",
         "client:10.0.0.1=all;client:10.0.0.2=all;client:10.0.0.3=blocklist;client:10.0.0.4/31=all;"
         "client:10.0.0.6=all;client:192.0.2.1=all;"},
        {SOURCE_MERCURY_ACL, KIND_BLOCK, "1 255.255.255.254 255.255.255.255\n1 0.0.0.0\n",
         "client:0.0.0.0=554 5.7.1 Access denied;client:255.255.255.254/31=554 5.7.1 Access denied;"},
        {SOURCE_MERCURY_ACL, KIND_EXEMPT, "4 0.0.0.0 255.255.255.255\n", "client:0.0.0.0/0=all;"},
        /* neighbours that mean the same are one; partial overlap: the narrower keeps its own */
        {SOURCE_MERCURY_ACL, KIND_BLOCK, "1 10.0.0.0 10.0.0.127\n3 10.0.0.128 10.0.0.255\n",
         "client:10.0.0.0/24=554 5.7.1 Access denied;"},
        {SOURCE_MERCURY_ACL, KIND_BLOCK, "1 10.0.0.0 10.0.0.3\n0 10.0.0.2 10.0.0.9\n",
         "client:10.0.0.0/30=554 5.7.1 Access denied;"},
    };
    check_good(cases, sizeof cases / sizeof *cases);
    /* What is wrong is left out and shown once; the rest is taken. */
    assert_int_equal(
        make_table(SOURCE_MERCURY_ACL, KIND_BLOCK,
                   TEXT("x 10.0.0.1\n1\n1 10.0.0\n1 10.0.0.2 10.0.0.1\n1 10.0.0.1 10.0.0.2 no\n1 ::1\n"
                        "1 192.0.2.1\n")),
        0);
    assert_string_equal(problems, "1:1: left out: flags are a number from 0 to 255\n"
                                  "2:1: left out: the address is missing\n"
                                  "3:3: left out: '10.0.0' is no IPv4 address\n"
                                  "4:3: left out: the range runs backwards\n"
                                  "5:21: left out: more than two addresses; a comment begins with ';'\n");
    assert_int_equal(job.left_out[2].count, 2);
    assert_string_equal(contents(), "client:192.0.2.1=554 5.7.1 Access denied;");
    assert_int_equal(make_table(SOURCE_MERCURY_ACL, KIND_BLOCK, TEXT("1 0.0.0.0 255.255.255.255\n")), 0);
    assert_string_equal(problems, "1:0: left out: this would refuse everybody\n");
}

static void table_make__failure__old_table_stays_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("a.example all\n")), 0);
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("b.example nonsense\n")), 1);
    assert_string_equal(contents(), "client:a.example=all;");
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("b.example all\n")), 0);
    assert_string_equal(contents(), "client:b.example=all;");
    struct report report = {0};
    struct table_job missing = {.in = "/nonexistent/in", .out = out_path, .report = &report};
    assert_int_equal(table_make(&missing), -1);
    missing = (struct table_job){.in = in_path, .out = "/nonexistent/out", .report = &report};
    assert_int_equal(table_make(&missing), -1);
    missing = (struct table_job){.in = folder, .out = out_path, .report = &report};
    assert_int_equal(table_make(&missing), -1);
    /* That nothing is left beside it is seen when the folder is removed at the end. */
}

/* The library that reads the tables must find every key that the writer put there; so many that tables grow and
 * keys collide. */
static void table_make__many_keys__tinycdb_finds_each(void **state)
{
    (void)state;
    enum { KEYS = 60000, LINE = 24 };
    char *text = malloc((size_t)KEYS * LINE), key[64];
    size_t used = 0;
    for (unsigned i = 0; i < KEYS; i++)
        used += (size_t)snprintf(text + used, LINE, "10.%u.%u.%u all\n", i >> 16, i >> 8 & 255, i & 255);
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, text_of(text, used)), 0);
    free(text);
    FILE *file = fopen(out_path, "rb");
    assert_non_null(file);
    struct cdb cdb;
    assert_int_equal(cdb_init(&cdb, fileno(file)), 0);
    for (unsigned i = 0; i < KEYS; i++) {
        int n = snprintf(key, sizeof key, "client:10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal(cdb_find(&cdb, key, (unsigned)n), 1);
    }
    assert_int_equal(cdb_find(&cdb, "client:10.9.9.9", 15), 0);
    cdb_free(&cdb);
    fclose(file);
    struct table *t = open_made();
    char reason[200];
    assert_int_equal(table_count(t), KEYS);
    assert_int_equal(table_verify(t, reason, sizeof reason, NULL, NULL), 0);
    table_close(&t);
}

/* Runs cmd_table with its output in the file at PATH. */
static int run(const char *path, const char *const *words)
{
    char *argv[10] = {NULL}, copies[10][300];
    int argc = 0;
    for (; words[argc]; argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
        argv[argc] = copies[argc];
    }
    int saved = output_to(1, path);
    int status = cmd_table(argc, argv);
    output_back(1, saved);
    return status;
}

static struct text slurp(const char *path)
{
    static char memory[4096];
    FILE *f = fopen(path, "rb");
    size_t n = fread(memory, 1, sizeof memory, f);
    fclose(f);
    return text_of(memory, n);
}

static void cmd_table__dump__make_takes_it_back_identical(void **state)
{
    (void)state;
    char text_path[300], copy_path[300], first[4096];
    snprintf(text_path, sizeof text_path, "%s/dump.txt", folder);
    snprintf(copy_path, sizeof copy_path, "%s/copy.cdb", folder);
    static const char *const texts[] = {
        "192.0.2.0/24 all\n2001:db8::/32 none\n.x.example headers message-id\nto:\"a \\\"b\\\\\"@y.example "
        "rcpt\n"
        "from:<> mail\nhelo:laptop helo\nfrom:\"a@b\"@c.example rcpt\nto:\"#x\"@ rcpt\n",
        "61.77.232.38 550 5.7.1 Apparent  open relay # 3\nx.example 421\n",
        "to:sugar@example.com\nx.example\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, text_z(texts[i])), 0);
        struct text a = slurp(out_path);
        memcpy(first, a.p, a.n);
        assert_int_equal(run(text_path, (const char *const[]){"table", "dump", out_path, NULL}), STATUS_YES);
        assert_int_equal(run(in_path, (const char *const[]){"table", "make", text_path, copy_path, NULL}),
                         STATUS_YES);
        struct text b = slurp(copy_path);
        assert_true(text_eq(text_of(first, a.n), b));
    }
    os_remove(text_path);
    os_remove(copy_path);
}

static void cmd_table__get__value_and_status(void **state)
{
    (void)state;
    assert_int_equal(
        make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("192.0.2.0/24 all\nto:\"q\\\"\"@x.example rcpt\n")), 0);
    const struct {
        const char *const words[10];
        int status;
        const char *output;
    } cases[] = {
        {{"table", "get", out_path, "192.0.2.0/24"}, STATUS_YES, "all\n"},
        {{"table", "get", out_path, "client:::ffff:192.0.2.0/120"}, STATUS_YES, "all\n"},
        {{"table", "get", out_path, "192.0.2.1"}, STATUS_YES, "all\n"},
        {{"table", "get", "--exact", out_path, "192.0.2.1"}, STATUS_NO, ""},
        {{"table", "get", out_path, "192.0.3.1", "192.0.2.1"}, STATUS_NO, "192.0.2.0/24\tall\n"},
        {{"table", "get", "--json", out_path, "to:\"q\\\"\"@x.example"},
         STATUS_YES,
         "{\"key\": \"to:q\\\"@x.example\", \"value\": \"rcpt\"}\n"},
        {{"table", "get", "--verify", out_path}, STATUS_YES, ""},
        {{"table", "get", out_path}, STATUS_USAGE, ""},
        {{"table", "get", out_path, "x@y"}, STATUS_USAGE, ""},
        {{"table", "get", in_path, "192.0.2.1"}, STATUS_CANNOT, ""},
        {{"table", "dump", "--nonsense", out_path}, STATUS_USAGE, ""},
        {{"table", "mkae"}, STATUS_USAGE, ""},
        {{"table"}, STATUS_USAGE, ""},
        {{"table", "make", "--from", "access", "--kind", "trap", in_path, out_path}, STATUS_USAGE, ""},
        {{"table", "make", "--kind", "x", in_path, out_path}, STATUS_USAGE, ""},
    };
    char path[300];
    snprintf(path, sizeof path, "%s/output", folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(run(path, cases[i].words), cases[i].status);
        struct text got = slurp(path);
        if (!text_eq(got, text_z(cases[i].output)))
            fail_msg("case %zu: %.*s", i, (int)got.n, got.p);
    }
    os_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_make__text__canonical_records),
        cmocka_unit_test(table_make__wrong_text__all_problems_with_their_places),
        cmocka_unit_test(table_make__access__rejecting_or_accepting_part),
        cmocka_unit_test(table_make__access__every_form_of_keys_and_values),
        cmocka_unit_test(table_make__access__a_tag_comes_first),
        cmocka_unit_test(table_make__access__what_is_left_out_is_shown_once_and_counted),
        cmocka_unit_test(table_make__mercury_acl__narrowest_range_speaks),
        cmocka_unit_test(table_make__failure__old_table_stays_and_nothing_else),
        cmocka_unit_test(table_make__many_keys__tinycdb_finds_each),
        cmocka_unit_test(cmd_table__dump__make_takes_it_back_identical),
        cmocka_unit_test(cmd_table__get__value_and_status),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
