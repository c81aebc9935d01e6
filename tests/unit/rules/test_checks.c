/* What each check says of facts; the tables they ask are tests of the session's business. */
#include "core/rules/checks.h"
#include "tests/unit/lib/exact.h"
#include "tests/unit/lib/memory_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct block *rules(const char *text)
{
    struct collected problems;
    struct block *r = load_text(text, NULL, 0, &problems);
    if (!r)
        print_error("%s", problems.text);
    assert_non_null(r);
    return r;
}

/* What CHECK says; WHY must not be silent about it. */
static int says(const char *check, const struct facts *f, uint32_t operand)
{
    char why[400];
    struct writer w = writer_on(why, sizeof why);
    unsigned number = checks_find(text_z(check));
    assert_true(number < checks_count);
    int with = checks_registry[number].match(f, operand, &w);
    assert_true(w.n > 0);
    assert_int_equal(checks_registry[number].match(f, operand, NULL), with);
    return with;
}

static void helo_checks__names_and_addresses__are_told_apart(void **state)
{
    static const struct {
        const char *helo;
        int own_name, fqdn, bare, literal; /* what each check says */
    } rows[] = {
        {"mail.example.com", 1, 1, 0, 0},
        {"MAIL.EXAMPLE.COM.", 1, 1, 0, 0},
        {"x.mail.example.com", 0, 1, 0, 0},
        {"a.b.example.org", 1, 1, 0, 0},
        {"example.org", 1, 1, 0, 0},
        {"badexample.org", 0, 1, 0, 0},
        {"gate", 1, 0, 0, 0}, /* the local name the host gave */
        {"GATE.", 1, 0, 0, 0},
        {"190.140.4.4", 1, 0, 1, 0},
        {"[190.140.4.4]", 1, 1, 0, 0},
        {"192.0.2.1", 1, 0, 1, 0}, /* where the client connected to */
        {"[192.0.2.1]", 1, 1, 0, 0},
        {"203.0.113.9", 0, 0, 1, 0},
        {"[203.0.113.9]", 0, 1, 0, 1}, /* the client's own */
        {"[203.0.113.8]", 0, 1, 0, 0},
        {"[::ffff:203.0.113.9]", 0, 0, 0, 0},
        {"[IPv6:::ffff:203.0.113.9]", 0, 1, 0, 1},
        {"[IPv6:2001:db8::1]", 1, 1, 0, 0},
        {"[2001:db8::1]", 1, 0, 0, 0}, /* without the tag it is not a literal, but it is our address */
        {"2001:db8::1", 1, 0, 1, 0},
        {"mail.example.com x", 1, 0, 0, 0},
        {"mail.example.com..", 1, 0, 0, 0},
        {"mail.example.com, x", 1, 0, 0, 0},
        {"<mail.example.com>", 1, 0, 0, 0},
        {"[mail.example.com]", 1, 0, 0, 0},
        {"\"mail.example.com\"", 1, 0, 0, 0},
        {"<[190.140.4.4]>", 1, 0, 0, 0},
        {"[190.140.4.4]. x", 1, 0, 0, 0},
        {"IPv6:2001:db8::1", 1, 0, 0, 0},
        {"x mail.example.com", 0, 0, 0, 0},
        {"laptop", 0, 0, 0, 0},
        {"win_2k.example.net", 0, 1, 0, 0},
        {"", 0, 0, 0, 0},
        {"[", 0, 0, 0, 0},
        {"[]", 0, 0, 0, 0},
        {".", 0, 0, 0, 0},
    };
    struct block *r =
        rules("own-names = mail.example.com .example.org\nown-addresses = 190.140.4.4 2001:db8::1\n");
    struct facts f = {.rules = r, .client_known = true, .local_known = true, .local_name = TEXT("gate")};
    (void)state;
    f.client_text = TEXT("203.0.113.9");
    assert_true(ip_parse(f.client_text, &f.client) && ip_parse(TEXT("192.0.2.1"), &f.local));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        f.helo = exact(rows[i].helo);
        int own = says("own-name", &f, 0), fqdn = says("fqdn", &f, 0), bare = says("bare-address", &f, 0),
            literal = says("client-literal", &f, 0);
        if (own != rows[i].own_name || fqdn != rows[i].fqdn || bare != rows[i].bare ||
            literal != rows[i].literal)
            print_error("'%s': %d %d %d %d\n", rows[i].helo, own, fqdn, bare, literal);
        assert_int_equal(own, rows[i].own_name);
        assert_int_equal(fqdn, rows[i].fqdn);
        assert_int_equal(bare, rows[i].bare);
        assert_int_equal(literal, rows[i].literal);
        exact_free(f.helo);
    }
    /* If the client's address is unknown, nobody can say whether a literal is its own. */
    f.client_known = false;
    f.helo = TEXT("[203.0.113.9]");
    assert_int_equal(says("client-literal", &f, 0), -1);
    block_unref(&r);
}

static void own_sender__domain_of_mail_from__is_ours(void **state)
{
    static const struct {
        const char *line;
        int says;
    } rows[] = {
        {"MAIL FROM:<a@mail.example.com>", 1},
        {"MAIL FROM:<a@MAIL.Example.COM>", 1},
        {"MAIL FROM:<a@b.example.org>", 1},
        {"MAIL FROM:<a@gate>", 1},
        {"MAIL FROM:<a@example.net>", 0},
        {"MAIL FROM:<>", 0},
        {"MAIL FROM:<postmaster>", 0},
        {"MAIL FROM:", 0},
        {"MAIL FROM:<a@bücher.example> SMTPUTF8", 1},
        {"MAIL FROM:<a@BÜCHER.example> SMTPUTF8", 1},
        {"MAIL FROM:<a@xn--bcher-kva.example>", 1},
        {"MAIL FROM:<a@XN--BCHER-KVA.EXAMPLE.>", 1},
        {"MAIL FROM:<a@b\xc3.example>", 0},
        {"MAIL FROM:<a@пример.test>", 1},
        {"MAIL FROM:<a@b.xn--e1afmkfd.test>", 1},
    };
    struct block *r = rules("own-names = mail.example.com .example.org bücher.example .пример.test\n");
    struct facts f = {.rules = r, .local_name = TEXT("gate")};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!mailbox_from_command(text_z(rows[i].line), &f.sender))
            f.sender = (struct mailbox){.null_sender = false};
        assert_int_equal(says("own-sender", &f, 0), rows[i].says);
    }
    block_unref(&r);
}

static void has_and_once__count_fields__or_cannot_say(void **state)
{
    static const struct {
        uint32_t count;
        bool incomplete;
        int has, once;
    } rows[] = {{0, false, 0, 0},  {1, false, 1, 1}, {2, false, 1, 0},
                {0, true, -1, -1}, {1, true, 1, -1}, {2, true, 1, 0}};
    struct block *r = rules("headers, not has(Message-ID), fail\nheaders, once(message-id), log\n"
                            "headers, has(X-Other), log\n");
    uint32_t counts[2] = {0};
    struct facts f = {.rules = r, .field_count = counts};
    (void)state;
    /* One field has one counter, however it is written. */
    assert_int_equal(block_counter_count(r), 2);
    assert_int_equal(block_rule(r, 0)->operand, block_rule(r, 1)->operand);
    const uint32_t id = block_rule(r, 0)->operand;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        counts[id] = rows[i].count;
        counts[1 - id] = 7;
        f.fields_incomplete = rows[i].incomplete;
        assert_int_equal(says("has", &f, id), rows[i].has);
        assert_int_equal(says("once", &f, id), rows[i].once);
    }
    f.fields_incomplete = false;
    assert_int_equal(says("has", &f, 99), 0); /* a counter that is not there */
    block_unref(&r);
}

static void msg_id__kinds_and_cut_fields(void **state)
{
    static const struct {
        const char *field;
        int rfc, strict, sendmail, word;
    } rows[] = {
        {"Message-ID: <a@b.example>", 1, 1, 1, 0},
        {"Message-ID:\t <a@b.example> ", 1, 1, 1, 0},
        {"Message-ID: word@word", 0, 0, 0, 1},
        {"Message-ID: <a@b> <c@d>", 0, 0, -2, 0},
        {"Message-ID:", 0, 0, 0, 0},
    };
    struct block *r = rules("message-id, not msg-id, fail\nmessage-id, msg-id(strict), log\n"
                            "message-id, msg-id( SendMail ), log\nmessage-id, msg-id(word), log\n");
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text line = exact(rows[i].field);
        struct field field;
        assert_true(header_split(line, &field));
        struct facts f = {.rules = r, .field = &field};
        assert_int_equal(says("msg-id", &f, block_rule(r, 0)->operand), rows[i].rfc);
        assert_int_equal(says("msg-id", &f, block_rule(r, 1)->operand), rows[i].strict);
        if (rows[i].sendmail != -2) /* test_msgid.c has its corners */
            assert_int_equal(says("msg-id", &f, block_rule(r, 2)->operand), rows[i].sendmail);
        assert_int_equal(says("msg-id", &f, block_rule(r, 3)->operand), rows[i].word);
        field.cut = true;
        assert_int_equal(says("msg-id", &f, block_rule(r, 0)->operand), -1);
        exact_free(line);
    }
    block_unref(&r);
}

static void table_checks__without_their_table__cannot_say(void **state)
{
    struct block *r = rules("table x = x.cdb\nmail, in(x), log\n");
    struct facts f = {.rules = r, .client_known = true};
    (void)state;
    assert_int_equal(says("trap", &f, 0), -1);
    for (unsigned op = 0; op < OP_COUNT; op++) {
        f.asking = (enum operation)op;
        if (op <= OP_RCPT)
            assert_int_equal(says("in", &f, block_rule(r, 0)->operand), -1);
    }
    block_unref(&r);
}

static void registry__names__are_found_and_guessed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < checks_count; i++) {
        assert_int_equal(checks_find(text_z(checks_registry[i].name)), i);
        assert_true(checks_registry[i].operations != 0);
        assert_true((checks_registry[i].args == ARGS_NONE) == (checks_registry[i].operand == OPERAND_NONE));
    }
    assert_int_equal(checks_find(TEXT("FQDN")), 0 + checks_find(TEXT("fqdn")));
    assert_int_equal(checks_find(TEXT("")), checks_count);
    assert_string_equal(checks_nearest(TEXT("fqnd")), "fqdn");
    assert_string_equal(checks_nearest(TEXT("msgid")), "msg-id");
    assert_null(checks_nearest(TEXT("x")));
    assert_null(checks_nearest(TEXT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(helo_checks__names_and_addresses__are_told_apart),
        cmocka_unit_test(own_sender__domain_of_mail_from__is_ours),
        cmocka_unit_test(has_and_once__count_fields__or_cannot_say),
        cmocka_unit_test(msg_id__kinds_and_cut_fields),
        cmocka_unit_test(table_checks__without_their_table__cannot_say),
        cmocka_unit_test(registry__names__are_found_and_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
