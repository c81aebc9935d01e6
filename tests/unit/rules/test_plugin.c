#include <limits.h>

#include "core/rules/plugin.h"
#include "tests/unit/lib/fake_checks.h"
#include "tests/unit/lib/plugin_folder.h"
#include "tests/unit/lib/temp_folder.h"

static void args_end__quotes__hide_parentheses(void **state)
{
    static const struct {
        const char *text;
        size_t end;
    } rows[] = {
        {"", 0}, {")", 0}, {"a)", 1}, {"\"a)\")", 4}, {"\")", 2}, {"\"a\", \"(\") x)", 8}, {"\"\"", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(plugin_args_end(text_z(rows[i].text), 0), rows[i].end);
}

static void args__lists__are_taken_apart(void **state)
{
    static const struct {
        const char *text;
        const char *wanted; /* each in brackets */
    } rows[] = {
        {"", ""},
        {"  ", ""},
        {"a", "[a]"},
        {"\"\"", "[]"},
        {"\"a b\"", "[a b]"},
        {" \"(a,b)+$\" , 1500ms ,x", "[(a,b)+$][1500ms][x]"},
        {"a,\"b\"", "[a][b]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gp_argument args[PLUGIN_ARGS_MOST];
        char got[100];
        size_t at;
        const char *wrong;
        struct writer w = writer_on(got, sizeof got);
        int n = plugin_args(text_z(rows[i].text), args, &at, &wrong);
        for (int k = 0; k < n; k++)
            writer_printf(&w, "[%.*s]", (int)args[k].size, args[k].text);
        assert_string_equal(got, rows[i].wanted);
    }
}

static void args__mistakes__are_found_where_they_are(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *wanted;
    } rows[] = {
        {"\"a", 0, "this quote is never closed"},
        {",a", 0, "expected an argument"},
        {"a,", 2, "expected an argument"},
        {"a b", 2, "arguments must be separated"},
        {"\"a\"\"b\"", 3, "arguments must be separated"},
        {"a\"b\"", 1, "arguments must be separated"},
        {"1,2,3,4,5,6,7,8,9", 16, "too many arguments"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gp_argument args[PLUGIN_ARGS_MOST];
        size_t at = 99;
        const char *wrong = NULL;
        assert_int_equal(plugin_args(text_z(rows[i].text), args, &at, &wrong), -1);
        assert_int_equal(at, rows[i].at);
        assert_memory_equal(wrong, rows[i].wanted, strlen(rows[i].wanted));
    }
}

static void open__what_is_no_plugin__is_told_apart(void **state)
{
    struct temp_folder f;
    char reason[300];
    (void)state;
    temp_make(&f);
    assert_null(plugin_open(temp_path(&f, "gone.so"), reason, sizeof reason));
    assert_string_equal(reason, "cannot open shared object file: No such file or directory");
    temp_text(&f, "text.so", "hello\n");
    assert_null(plugin_open(temp_path(&f, "text.so"), reason, sizeof reason));
    assert_string_equal(reason, "file too short");
    assert_null(plugin_open(plugin_in_build("test_silent.so"), reason, sizeof reason));
    assert_non_null(strstr(reason, "no function gatepost_checks"));
    assert_null(plugin_open(plugin_in_build("test_major.so"), reason, sizeof reason));
    assert_non_null(strstr(reason, "does not support version 1"));
    plugin_list list = plugin_open(plugin_in_build("test_words.so"), reason, sizeof reason);
    assert_non_null(list);
    assert_string_equal(list[0]->name, "word");
    assert_ptr_equal(plugin_open(plugin_in_build("test_words.so"), reason, sizeof reason), list);
    temp_remove(&f);
}

static void add__names__are_known_once_and_found_in_any_case(void **state)
{
    struct plugin_known c = {.count = 0};
    char reason[300];
    (void)state;
    assert_null(plugin_find(&c, TEXT("word")));
    assert_true(plugin_add(&c, 3, fake_checks, reason, sizeof reason));
    assert_int_equal(c.count, 2);
    assert_ptr_equal(plugin_find(&c, TEXT("WORD"))->check, &words_check);
    assert_int_equal(plugin_find(&c, TEXT("from-203"))->plugin, 3);
    assert_null(plugin_find(&c, TEXT("words")));
    assert_string_equal(plugin_nearest(&c, TEXT("wrod")), "word");
    assert_null(plugin_nearest(&c, TEXT("zombie")));
    assert_false(plugin_add(&c, 4, fake_checks, reason, sizeof reason));
    assert_string_equal(reason, "the name of its check 'word' is already in use");
    assert_ptr_equal(plugin_check_in(fake_checks, TEXT("From-203")), &from_check);
    assert_null(plugin_check_in(fake_checks, TEXT("")));
    assert_null(plugin_check_in(NULL, TEXT("word")));
}

static void add__a_check_that_is_not_whole__is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct gp_check check = words_check;
        const struct gp_check *const list[] = {&check, NULL};
        struct plugin_known c = {.count = 0};
        char reason[300];
        if (i == 1)
            check.size--;
        if (i == 2)
            check.compile = NULL;
        if (i == 3)
            check.match = NULL;
        if (i == 4)
            check.name = NULL;
        if (i == 5)
            check.name = "a b";
        if (i == 6)
            check.name = "";
        if (i == 7)
            check.operations = 0;
        if (i == 8)
            check.usage = NULL;
        if (i == 9)
            check.name = "FQDN"; /* one of the engine's own */
        assert_int_equal(plugin_add(&c, 0, list, reason, sizeof reason), i == 0);
        assert_int_equal(plugin_check_in(list, TEXT("word")) != NULL, i == 0);
    }
}

static void compile__a_mistake__is_placed_in_its_argument(void **state)
{
    static const struct {
        const char *args;
        size_t at;
        const char *wanted;
    } rows[] = {
        {"\"zo!mbie\"", 3, "'!' stands in no word"},
        {"a, \"b\"", 4, "word takes one short word"},
        {"", 0, "word takes one short word"},
        {"a b", 2, "arguments must be separated by commas"},
    };
    void *data;
    size_t at;
    char reason[300];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        at = 99;
        assert_int_equal(plugin_compile(&words_check, &plugin_silent_host, text_z(rows[i].args), &data, &at,
                                        reason, sizeof reason),
                         -1);
        assert_int_equal(at, rows[i].at);
        assert_string_equal(reason, rows[i].wanted);
        assert_null(data);
    }
    assert_int_equal(
        plugin_compile(&from_check, &plugin_silent_host, TEXT("x"), &data, &at, reason, sizeof reason), -1);
    assert_string_equal(reason, "the check does not accept these arguments");
}

static struct gp_facts seen;
static char seen_address[64];

static int look(void *data, const struct gp_facts *facts, const char *text, size_t n)
{
    int *answers = data;
    seen = *facts;
    snprintf(seen_address, sizeof seen_address, "%.*s", (int)facts->address_size, facts->address);
    assert_non_null(text);
    assert_true(facts->why_size >= 200 && facts->why[0] == '\0');
    snprintf(facts->why, facts->why_size, "%zu bytes", n);
    return *answers++;
}

static void match__facts__are_all_there_and_texts_never_null(void **state)
{
    const struct gp_check check = {.match = look};
    struct facts f = {.client_known = true, .client_text = TEXT("::ffff:203.0.113.9"), .client_port = 99};
    int answer = 1;
    (void)state;
    assert_int_equal(plugin_match(&check, &answer, OP_CONNECT, &f, text_of(NULL, 0), NULL), 1);
    assert_true(seen.name && seen.local_address && seen.local_name && seen.helo && seen.sender &&
                seen.recipient && seen.field && seen.value);
    assert_int_equal(seen.operation, GP_AT_CONNECT);
    assert_true(ip_parse(f.client_text, &f.client));
    struct field field;
    assert_true(header_split(TEXT("Subject:  hello "), &field));
    f.field = &field;
    f.helo = TEXT("mx");
    f.authenticated = true;
    f.unknown = GP_FACT_RCPT;
    f.name = TEXT("mx.example.net");
    f.name_state = GP_NAME_VERIFIED;
    assert_int_equal(plugin_match(&check, &answer, OP_HEADER, &f, field.line, NULL), 1);
    assert_int_equal(seen.size, sizeof seen);
    assert_string_equal(seen_address, "203.0.113.9");
    assert_int_equal(seen.client_port, 99);
    assert_int_equal(seen.name_size, 14);
    assert_int_equal(seen.helo_size, 2);
    assert_int_equal(seen.field_size, 7);
    assert_int_equal(seen.value_size, 5);
    assert_int_equal(seen.authenticated, 1);
    assert_int_equal(seen.unknown, GP_FACT_RCPT);
    assert_int_equal(seen.operation, GP_AT_HEADER);
}

static void match__answers__are_one_of_three_with_a_reason(void **state)
{
    static const struct {
        int answer, wanted;
    } rows[] = {{1, 1}, {0, 0}, {-1, -1}, {2, -1}, {-2, -1}, {INT_MAX, -1}};
    const struct gp_check check = {.match = look};
    struct facts f = {.client_known = false};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[100];
        struct writer w = writer_on(why, sizeof why);
        int answer = rows[i].answer;
        assert_int_equal(plugin_match(&check, &answer, OP_HELO, &f, TEXT("EHLO x"), &w), rows[i].wanted);
        assert_string_equal(why, "6 bytes");
    }
    char why[100];
    struct writer w = writer_on(why, sizeof why);
    assert_int_equal(plugin_match(&from_check, NULL, OP_CONNECT, &f, TEXT(""), &w), 0);
    assert_string_equal(why, "the check does not hold");
}

static void match__subject__is_seen_whole_then_by_its_value(void **state)
{
    const struct gp_check check = {.match = look};
    struct facts f = {.client_known = false};
    struct field field;
    char why[100];
    (void)state;
    assert_true(header_split(TEXT("Subject:  hello "), &field));
    f.field = &field;
    for (int first = -1; first <= 1; first++) {
        struct writer w = writer_on(why, sizeof why);
        int answer = first;
        assert_int_equal(plugin_match(&check, &answer, OP_SUBJECT, &f, field.line, &w), first);
        assert_string_equal(why, first == 0 ? "5 bytes" : "16 bytes");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(args_end__quotes__hide_parentheses),
        cmocka_unit_test(args__lists__are_taken_apart),
        cmocka_unit_test(args__mistakes__are_found_where_they_are),
        cmocka_unit_test(open__what_is_no_plugin__is_told_apart),
        cmocka_unit_test(add__names__are_known_once_and_found_in_any_case),
        cmocka_unit_test(add__a_check_that_is_not_whole__is_refused),
        cmocka_unit_test(compile__a_mistake__is_placed_in_its_argument),
        cmocka_unit_test(match__facts__are_all_there_and_texts_never_null),
        cmocka_unit_test(match__answers__are_one_of_three_with_a_reason),
        cmocka_unit_test(match__subject__is_seen_whole_then_by_its_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
