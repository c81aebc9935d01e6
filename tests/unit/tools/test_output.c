#include "tools/lib/json.h"
#include "tools/lib/output.h"

#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

/* What is shown of a text, in the three ways that the command has. */
static const struct {
    const char *label;
    struct text text;
    const char *shown, *json;
} cases[] = {
    {"plain", {"mx.example.net", 14}, "mx.example.net", "\"mx.example.net\""},
    {"empty", {"", 0}, "", "\"\""},
    {"quotes", {"a\"\\b", 4}, "a\"\\b", "\"a\\\"\\\\b\""},
    {"letters of other alphabets",
     {"b\xC3\xBC\xE4\xB8\xAD\xF0\x9F\x98\x80", 10},
     "b\xC3\xBC\xE4\xB8\xAD\xF0\x9F\x98\x80",
     "\"b\xC3\xBC\xE4\xB8\xAD\xF0\x9F\x98\x80\""},
    {"escape sequence", {"\x1b[2J", 4}, "\\x1b[2J", "\"\\u001b[2J\""},
    {"end of line",
     {"a\r\nConnect:192.0.2.1 OK", 23},
     "a\\x0d\\x0aConnect:192.0.2.1 OK",
     "\"a\\u000d\\u000aConnect:192.0.2.1 OK\""},
    {"tab", {"a\tb", 3}, "a\\x09b", "\"a\\u0009b\""},
    {"NUL", {"a\0b", 3}, "a\\x00b", "\"a\\u0000b\""},
    {"DEL", {"\x7f", 1}, "\\x7f", "\"\\u007f\""},
    {"C1, two bytes", {"\xC2\x9B[2J", 5}, "\\xc2\\x9b[2J", "\"\\u009b[2J\""},
    {"C1, a bare byte", {"\x9B[2J", 4}, "\\x9b[2J", "\"\\u009b[2J\""},
    {"Latin-1",
     {"b\xFC"
      "cher",
      6},
     "b\\xfccher",
     "\"b\\u00fccher\""},
    {"right to left override", {"\xE2\x80\xAEgpj.exe", 10}, "\\xe2\\x80\\xaegpj.exe", "\"\\u202egpj.exe\""},
    {"isolate", {"\xE2\x81\xA6", 3}, "\\xe2\\x81\\xa6", "\"\\u2066\""},
    {"line separator", {"\xE2\x80\xA8", 3}, "\\xe2\\x80\\xa8", "\"\\u2028\""},
    {"next line", {"\xC2\x85", 2}, "\\xc2\\x85", "\"\\u0085\""},
    {"zero width",
     {"a\xE2\x80\x8B"
      "b",
      5},
     "a\\xe2\\x80\\x8b"
     "b",
     "\"a\\u200bb\""},
    {"byte order mark", {"\xEF\xBB\xBF", 3}, "\\xef\\xbb\\xbf", "\"\\ufeff\""},
    {"tag beyond 16 bits", {"\xF3\xA0\x81\x81", 4}, "\\xf3\\xa0\\x81\\x81", "\"\\udb40\\udc41\""},
    {"noncharacter", {"\xEF\xBF\xBF", 3}, "\\xef\\xbf\\xbf", "\"\\uffff\""},
    {"overlong slash", {"\xC0\xAF", 2}, "\\xc0\\xaf", "\"\\u00c0\\u00af\""},
    {"overlong escape", {"\xE0\x80\x9B", 3}, "\\xe0\\x80\\x9b", "\"\\u00e0\\u0080\\u009b\""},
    {"surrogate", {"\xED\xA0\x80", 3}, "\\xed\\xa0\\x80", "\"\\u00ed\\u00a0\\u0080\""},
    {"cut character", {"\xE2\x80", 2}, "\\xe2\\x80", "\"\\u00e2\\u0080\""},
    {"beyond Unicode", {"\xF4\x90\x80\x80", 4}, "\\xf4\\x90\\x80\\x80", "\"\\u00f4\\u0090\\u0080\\u0080\""},
};

/* What PRINT writes, in memory that the next call overwrites. */
static const char *printed(void (*print)(FILE *f, struct text t), struct text t)
{
    static char memory[1000];
    FILE *f = tmpfile();
    print(f, t);
    rewind(f);
    memory[fread(memory, 1, sizeof memory - 1, f)] = '\0';
    fclose(f);
    return memory;
}

static void print_json(FILE *f, struct text t)
{
    struct json j = json_on(f);
    json_text(&j, NULL, t);
}

static void print_format(FILE *f, struct text t)
{
    output_printf(f, "%.*s", (int)t.n, t.p);
}

static void output__text_of_others__is_safe_in_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char memory[200];
        struct writer w = writer_on(memory, sizeof memory);
        struct text t = exact_copy(cases[i].text);
        output_add(&w, t, 100);
        bool fine = strcmp(memory, cases[i].shown) == 0 &&
                    strcmp(printed(output_text, t), cases[i].shown) == 0 &&
                    strcmp(printed(print_json, t), cases[i].json) == 0 &&
                    output_is_safe(t) == (strstr(cases[i].shown, "\\x") == NULL);
        if (!memchr(t.p ? t.p : "", '\0', t.n))
            fine = fine && strcmp(printed(print_format, t), cases[i].shown) == 0;
        if (!fine)
            fail_msg("%s: %s", cases[i].label, memory);
        exact_free(t);
    }
}

static void print_formats(FILE *f, struct text t)
{
    (void)t;
    output_printf(f, "100%% [%s] [%5s] [%-5s] [%.2s] [%-*s] [%d] [%05u] [%llu] [%lld] [%zu] [%x] [%.2f] [%c]\n",
                  "a\x1b", "ab", "ab", "abc", 4, "\xC3\xBC", -7, 42u, 18446744073709551615ull, -5LL, (size_t)9,
                  255u, 1.5, '\x1b');
}

static void output_printf__every_conversion__as_printf_has_it(void **state)
{
    (void)state;
    assert_string_equal(
        printed(print_formats, TEXT("")),
        "100% [a\\x1b] [   ab] [ab   ] [ab] [\xC3\xBC   ] [-7] [00042] [18446744073709551615] [-5] [9] "
        "[ff] [1.50] [\\x1b]\n");
}

static void print_html(FILE *f, struct text t)
{
    output_html(f, "<b title=\"%.*s\">%.*s</b>", (int)t.n, t.p, (int)t.n, t.p);
}

static void output_html__markup_of_others__is_text(void **state)
{
    (void)state;
    assert_string_equal(printed(print_html, TEXT("\"><script>alert('x')</script>&\x1b")),
                        "<b title=\"&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;\\x1b\">"
                        "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;\\x1b</b>");
}

static void output_add__longer_than_asked__is_cut_between_characters(void **state)
{
    (void)state;
    char memory[40];
    struct writer w = writer_on(memory, sizeof memory);
    output_add(&w,
               TEXT("ab\xC3\xBC"
                    "cd"),
               3);
    assert_string_equal(memory, "ab...");
}

static void print_document(FILE *f, struct text t)
{
    struct json j = json_on(f);
    json_object(&j, NULL);
    json_text(&j, "a\"", t);
    json_array(&j, "empty");
    json_end(&j);
    json_lines(&j, "lines");
    json_number(&j, NULL, 1);
    json_object(&j, NULL);
    json_bool(&j, "yes", true);
    json_null(&j, "none");
    json_end(&j);
    json_array(&j, NULL);
    json_number(&j, NULL, 2);
    json_number(&j, NULL, 3);
    json_end(&j);
    json_end(&j);
    json_lines(&j, "no lines");
    json_end(&j);
    json_number(&j, "n", UINT64_MAX);
    json_end(&j);
    json_object(&j, NULL);
    json_end(&j);
}

static void json__commas_and_brackets__are_the_writers(void **state)
{
    (void)state;
    assert_string_equal(
        printed(print_document, TEXT("x")),
        "{\"a\\\"\": \"x\", \"empty\": [], \"lines\": [\n  1,\n  {\"yes\": true, \"none\": null},\n"
        "  [2, 3]\n], \"no lines\": [], \"n\": 18446744073709551615}\n{}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output__text_of_others__is_safe_in_every_form),
        cmocka_unit_test(output_printf__every_conversion__as_printf_has_it),
        cmocka_unit_test(output_html__markup_of_others__is_text),
        cmocka_unit_test(output_add__longer_than_asked__is_cut_between_characters),
        cmocka_unit_test(json__commas_and_brackets__are_the_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
