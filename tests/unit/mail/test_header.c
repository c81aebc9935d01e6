#include "core/base/writer.h"
#include "core/mail/header.h"
#include "tests/unit/lib/exact.h"
#include "tests/unit/lib/failing_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What the reader handed out: each field as "name|value", with "!" behind it if it was cut, each followed by a
 * line end. */
struct transcript {
    char memory[8192];
    struct writer w;
};

static void write_field(void *context, const struct field *f)
{
    struct transcript *t = context;
    assert_ptr_equal(f->name.p, f->line.p);
    assert_ptr_equal(f->value.p + f->value.n, f->line.p + f->line.n);
    writer_add(&t->w, f->name);
    writer_char(&t->w, '|');
    writer_add(&t->w, f->value);
    writer_add(&t->w, f->cut ? TEXT("!\n") : TEXT("\n"));
}

static void transcript_init(struct transcript *t)
{
    t->w = writer_on(t->memory, sizeof t->memory);
}

/* Feeds T in pieces of STEP bytes, each in memory of exactly its size; allocations of the reader fail if ARMED.
 */
static void feed_armed(struct header_reader *r, struct text t, size_t step, bool armed)
{
    for (size_t i = 0; i < t.n; i += step) {
        struct text piece = exact_copy(text_of(t.p + i, t.n - i < step ? t.n - i : step));
        allocs.armed = armed;
        header_feed(r, piece.p, piece.n);
        allocs.armed = false;
        exact_free(piece);
    }
    allocs.armed = armed;
    header_end(r);
    allocs.armed = false;
}

static void feed(struct header_reader *r, struct text t, size_t step)
{
    feed_armed(r, t, step, false);
}

/* RFC 5322 appendix A.1.1, A.2 (the reply), A.5 (white space, comments and folding) and A.6.3 (obsolete). */
#define RFC_A_1_1                                                                                              \
    "From: John Doe <jdoe@machine.example>\r\n"                                                                \
    "To: Mary Smith <mary@example.net>\r\n"                                                                    \
    "Subject: Saying Hello\r\n"                                                                                \
    "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n"                                                                \
    "Message-ID: <1234@local.machine.example>\r\n"                                                             \
    "\r\n"                                                                                                     \
    "This is a message just to say hello.\r\n"                                                                 \
    "So, \"Hello\".\r\n"
#define RFC_A_5                                                                                                \
    "From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\r\n"                                 \
    "To:A Group(Some people)\r\n"                                                                              \
    "     :Chris Jones <c@(Chris's host.)public.example>,\r\n"                                                 \
    "         joe@example.org,\r\n"                                                                            \
    "  John <jdoe@one.test> (my dear friend); (the end of the group)\r\n"                                      \
    "Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;\r\n"                                   \
    "Date: Thu,\r\n"                                                                                           \
    "      13\r\n"                                                                                             \
    "        Feb\r\n"                                                                                          \
    "          1969\r\n"                                                                                       \
    "      23:32\r\n"                                                                                          \
    "               -0330 (Newfoundland Time)\r\n"                                                             \
    "Message-ID:              <testabcd.1234@silly.test>\r\n"                                                  \
    "\r\n"                                                                                                     \
    "Testing.\r\n"
#define RFC_A_6_3                                                                                              \
    "From  : John Doe <jdoe@machine(comment).  example>\r\n"                                                   \
    "To    : Mary Smith\r\n"                                                                                   \
    "  \r\n"                                                                                                   \
    "          <mary@example.net>\r\n"                                                                         \
    "Subject     : Saying Hello\r\n"                                                                           \
    "Date  : Fri, 21 Nov 1997 09(comment):   55  :  06 -0600\r\n"                                              \
    "Message-ID  : <1234   @   local(blah)  .machine .example>\r\n"                                            \
    "\r\n"                                                                                                     \
    "Testing.\r\n"

#define CASE(label, literal, ceiling, fields)                                                                  \
    {                                                                                                          \
        label, {literal, sizeof(literal) - 1}, ceiling,                                                        \
        {                                                                                                      \
            fields, sizeof(fields) - 1                                                                         \
        }                                                                                                      \
    }
static const struct {
    const char *label;
    struct text bytes;
    size_t ceiling;
    struct text fields;
} cases[] = {
    CASE("RFC 5322 A.1.1", RFC_A_1_1, 1000,
         "From| John Doe <jdoe@machine.example>\nTo| Mary Smith <mary@example.net>\nSubject| Saying Hello\n"
         "Date| Fri, 21 Nov 1997 09:55:06 -0600\nMessage-ID| <1234@local.machine.example>\n"),
    CASE(
        "RFC 5322 A.5", RFC_A_5, 1000,
        "From| Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\n"
        "To|A Group(Some people)     :Chris Jones <c@(Chris's host.)public.example>,         joe@example.org,  "
        "John <jdoe@one.test> (my dear friend); (the end of the group)\n"
        "Cc|(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;\n"
        "Date| Thu,      13        Feb          1969      23:32               -0330 (Newfoundland Time)\n"
        "Message-ID|              <testabcd.1234@silly.test>\n"),
    CASE("RFC 5322 A.6.3", RFC_A_6_3, 1000,
         "From| John Doe <jdoe@machine(comment).  example>\nTo| Mary Smith            <mary@example.net>\n"
         "Subject| Saying Hello\nDate| Fri, 21 Nov 1997 09(comment):   55  :  06 -0600\n"
         "Message-ID| <1234   @   local(blah)  .machine .example>\n"),
    CASE("nothing", "", 100, ""),
    CASE("no header", "\r\nA: 1\r\n", 100, ""),
    CASE("no header, LF", "\nA: 1\n", 100, ""),
    CASE("LF line ends", "A: 1\nB: 2\n c\n\nC: 3\n", 100, "A| 1\nB| 2 c\n"),
    CASE("mixed line ends", "A: 1\r\nB: 2\n c\r\n\td\n\r\n", 100, "A| 1\nB| 2 c\td\n"),
    CASE("no last line end", "A: 1\r\nB: 2", 100, "A| 1\nB| 2\n"),
    CASE("half a last line end", "A: 1\r\nB: 2\r", 100, "A| 1\nB| 2\n"),
    CASE("no empty line", "A: 1\r\nB: 2\r\n", 100, "A| 1\nB| 2\n"),
    CASE("folded at the end", "A: 1\r\n ", 100, "A| 1 \n"),
    CASE("first line of a field empty", "Message-ID:\r\n <a@b>\r\n\r\n", 100, "Message-ID| <a@b>\n"),
    CASE("empty value", "A:\r\nB:\r\n\r\n", 100, "A|\nB|\n"),
    CASE("blank line is folding", "A: 1\r\n \r\nB: 2\r\n\r\n", 100, "A| 1 \nB| 2\n"),
    CASE("blanks before the colon", "Subject \t: x\r\n\r\n", 100, "Subject| x\n"),
    CASE("colon in the value", "A: b: c\r\n\r\n", 100, "A| b: c\n"),
    CASE("CR inside", "A: b\rc\r\r\nB: \r\r\n\r\n", 100, "A| b\rc\r\nB| \r\n"),
    CASE("CR at the start of a line", "A: 1\r\n\rB: 2\r\n", 100, "A| 1\n"),
    CASE("line of CRs", "A: 1\r\n\r\r\nB: 2\r\n", 100, "A| 1\n"),
    CASE("line without a colon", "A: 1\r\nbody\r\nB: 2\r\n", 100, "A| 1\n"),
    CASE("name with a blank", "A: 1\r\nHello world: 2\r\nB: 2\r\n", 100, "A| 1\n"),
    CASE("name with 8-bit", "A: 1\r\nB\xe4: 2\r\nC: 2\r\n", 100, "A| 1\n"),
    CASE("empty name", "A: 1\r\n: 2\r\nB: 2\r\n", 100, "A| 1\n"),
    CASE("first line folded", " A: 1\r\nB: 2\r\n", 100, ""),
    CASE("mailbox From line", "From a@b Thu Jul 24 01:11:45 2003\r\nA: 1\r\n\r\n", 100, "A| 1\n"),
    CASE("mailbox From line, LF", "From a@b Thu Jul 24 01:11:45 2003\nA: 1\n\n", 100, "A| 1\n"),
    CASE("mailbox From line, folded", "From a@b\r\n c\r\nA: 1\r\n\r\n", 100, "A| 1\n"),
    CASE("mailbox From line only", "From a@b", 100, ""),
    CASE("From line later", "A: 1\r\nFrom a@b\r\nB: 1\r\n\r\n", 100, "A| 1\n"),
    CASE("From field with a blank", "From : a@b\r\nA: 1\r\n\r\n", 100, "From| a@b\nA| 1\n"),
    CASE("From field", "From: a@b\r\n\r\n", 100, "From| a@b\n"),
    CASE("NUL is kept",
         "A: 1\0"
         "2\r\nB\0: 1\r\n",
         100,
         "A| 1\0"
         "2\n"),
    CASE("bytes are kept", "A: \xff\xfe\x01\r\n\r\n", 100, "A| \xff\xfe\x01\n"),
    CASE("at the ceiling", "A: 45678\r\nB: 2\r\n\r\n", 8, "A| 45678\nB| 2\n"),
    CASE("past the ceiling", "A: 456789\r\nB: 2\r\n\r\n", 8, "A| 45678!\nB| 2\n"),
    CASE("folded to the ceiling", "A: 4\r\n 678\r\nB: 2\r\n\r\n", 8, "A| 4 678\nB| 2\n"),
    CASE("folded past the ceiling", "A: 4\r\n 6789\r\n 0\r\nB: 2\r\n\r\n", 8, "A| 4 678!\nB| 2\n"),
    CASE("cut at the colon", "Subject: x\r\nB: 2\r\n\r\n", 8, "Subject|!\nB| 2\n"),
    CASE("name past the ceiling", "A: 1\r\nLongName: x\r\nB: 2\r\n\r\n", 8, "A| 1\n"),
    CASE("CR at the ceiling", "A: 4567\r\r\nB: 2\r\n\r\n", 8, "A| 4567\r\nB| 2\n"),
    CASE("CR past the ceiling", "A: 45678\r\r\nB: 2\r\n\r\n", 8, "A| 45678!\nB| 2\n"),
    CASE("no room at all", "A: 1\r\n\r\n", 0, ""),
};

static void header_feed__cut_into_pieces_of_every_size__gives_the_same_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t step = 1; step <= cases[i].bytes.n + 1; step++) {
            struct transcript t;
            struct header_reader r;
            transcript_init(&t);
            header_init(&r, cases[i].ceiling, write_field, &t);
            feed(&r, cases[i].bytes, step);
            if (!text_eq(writer_text(&t.w), cases[i].fields))
                fail_msg("%s in pieces of %zu:\n%s", cases[i].label, step, t.memory);
            assert_true(r.over);
            assert_false(r.failed);
            assert_int_equal(r.started, cases[i].bytes.n > 0);
            assert_true(r.pending_cap <= r.ceiling);
            header_fini(&r);
        }
}

static void header_feed__cut_once_at_every_byte__gives_the_same_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t at = 0; at <= cases[i].bytes.n; at++) {
            struct transcript t;
            struct header_reader r;
            struct text one = exact_copy(text_of(cases[i].bytes.p, at));
            struct text two = exact_copy(text_skip(cases[i].bytes, at));
            transcript_init(&t);
            header_init(&r, cases[i].ceiling, write_field, &t);
            header_feed(&r, one.p, one.n);
            exact_free(one);
            header_feed(&r, NULL, 0);
            header_feed(&r, two.p, two.n);
            exact_free(two);
            header_end(&r);
            if (!text_eq(writer_text(&t.w), cases[i].fields))
                fail_msg("%s cut at %zu:\n%s", cases[i].label, at, t.memory);
            header_fini(&r);
        }
}

static void remember_place(void *context, const struct field *f)
{
    const char **place = context;
    *place = f->line.p;
}

static void header_feed__field_lies_whole__is_not_copied(void **state)
{
    static const char bytes[] = "A: 1\r\nB: 2\r\n";
    const char *place = NULL;
    struct header_reader r;
    (void)state;
    header_init(&r, 100, remember_place, &place);
    header_feed(&r, bytes, 7);
    assert_ptr_equal(place, bytes); /* handed out as soon as the next line's first byte was there */
    header_feed(&r, bytes + 7, sizeof bytes - 1 - 7);
    assert_ptr_equal(place, bytes);
    header_end(&r);
    assert_ptr_not_equal(place, bytes);
    header_fini(&r);
}

static void header_feed__after_the_end__is_ignored(void **state)
{
    struct transcript t;
    struct header_reader r;
    (void)state;
    transcript_init(&t);
    header_init(&r, 100, write_field, &t);
    header_feed(&r, "A: 1\r\n\r\n", 8);
    assert_true(r.over);
    header_feed(&r, "B: 1\r\n", 6);
    header_end(&r);
    header_feed(&r, "C: 1\r\n", 6);
    header_end(&r);
    assert_string_equal(t.memory, "A| 1\n");
    header_fini(&r);
}

static void header_reset__in_any_state__starts_anew(void **state)
{
    static const struct text starts[] = {{"A: 1\r\n\r\n", 8}, {"A: 1\r", 5},   {"A: 1\r\n", 6},
                                         {"A: 1", 4},         {"junk\r\n", 6}, {"A: 1234567890\r\n", 15}};
    (void)state;
    for (size_t i = 0; i < COUNT(starts); i++) {
        struct transcript t;
        struct header_reader r;
        header_init(&r, 8, write_field, &t);
        transcript_init(&t);
        header_feed(&r, starts[i].p, starts[i].n);
        header_reset(&r);
        transcript_init(&t);
        feed(&r, TEXT("From a\nB: 2\n c\n\n"), 3);
        assert_string_equal(t.memory, "B| 2 c\n");
        header_fini(&r);
    }
}

static void header_feed__each_allocation_failing__loses_fields_but_goes_on(void **state)
{
    enum { LONG = 3000 };
    char bytes[2 * LONG];
    struct writer w = writer_on(bytes, sizeof bytes);
    (void)state;
    writer_add(&w, TEXT("A: 1\r\nB: 2\r\n c\r\nLong: "));
    for (int i = 0; i < LONG; i++)
        writer_char(&w, 'x');
    writer_add(&w, TEXT("\r\n y\r\nC: 3\r\n d\r\nD: 4\r\n\r\n"));
    for (size_t step = 1; step < 5000; step = step * 3 + 1)
        for (unsigned failing = 1;; failing++) {
            struct transcript t;
            struct header_reader r;
            allocs_fail_at(failing, false);
            transcript_init(&t);
            header_init(&r, 10000, write_field, &t);
            feed_armed(&r, writer_text(&w), step, true);
            assert_int_equal(r.failed, allocs.failed);
            assert_true(r.over);
            assert_non_null(
                strstr(t.memory, "D| 4\n")); /* the last one comes through whatever was lost before */
            header_fini(&r);
            if (!allocs.failed)
                break;
        }
}

static void field_split__lines__gives_name_and_value(void **state)
{
    static const struct {
        const char *line, *name, *value;
    } lines[] = {
        {"Subject: x", "Subject", " x"},
        {"Subject:x", "Subject", "x"},
        {"Subject \t:x", "Subject", "x"},
        {"a:", "a", ""},
        {"a::", "a", ":"},
        {"~!:", "~!", ""},
        {"", NULL, NULL},
        {":", NULL, NULL},
        {"a", NULL, NULL},
        {"a ", NULL, NULL},
        {" a: b", NULL, NULL},
        {"a b: c", NULL, NULL},
        {"a\x7f: b", NULL, NULL},
        {"a\x80: b", NULL, NULL},
        {"a\r: b", NULL, NULL},
        {"\t:", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct field f;
        struct text line = exact(lines[i].line);
        assert_int_equal(header_split(line, &f), lines[i].name != NULL);
        if (lines[i].name) {
            assert_true(text_eq(f.line, line));
            assert_true(text_eq(f.name, text_z(lines[i].name)));
            assert_true(text_eq(f.value, text_z(lines[i].value)));
            assert_false(f.cut);
        }
        exact_free(line);
    }
}

static void field_name_is_valid__every_byte__is_33_to_126_but_colon(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        struct text t = exact_copy(text_of(&byte, 1));
        assert_int_equal(header_name_is_valid(t), c >= 33 && c <= 126 && c != ':');
        exact_free(t);
    }
    assert_false(header_name_is_valid(text_of(NULL, 0)));
    assert_true(header_name_is_valid(TEXT("Message-ID")));
    assert_false(header_name_is_valid(TEXT("Message ID")));
}

static void header_unfold__line_ends__are_gone(void **state)
{
    static const struct {
        const char *folded, *unfolded;
    } texts[] = {
        {"", ""},           {" a", " a"},         {" a\r\n b\n\tc\r\n", " a b\tc"},
        {"\r\n\r\n\n", ""}, {"a\rb\r", "a\rb\r"}, {"a\r\r\nb", "a\rb"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        char memory[64];
        size_t n = strlen(texts[i].folded);
        memcpy(memory, texts[i].folded, n);
        assert_int_equal(header_unfold(memory, n), strlen(texts[i].unfolded));
        assert_memory_equal(memory, texts[i].unfolded, strlen(texts[i].unfolded));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_feed__cut_into_pieces_of_every_size__gives_the_same_fields),
        cmocka_unit_test(header_feed__cut_once_at_every_byte__gives_the_same_fields),
        cmocka_unit_test(header_feed__field_lies_whole__is_not_copied),
        cmocka_unit_test(header_feed__after_the_end__is_ignored),
        cmocka_unit_test(header_reset__in_any_state__starts_anew),
        cmocka_unit_test(header_feed__each_allocation_failing__loses_fields_but_goes_on),
        cmocka_unit_test(field_split__lines__gives_name_and_value),
        cmocka_unit_test(field_name_is_valid__every_byte__is_33_to_126_but_colon),
        cmocka_unit_test(header_unfold__line_ends__are_gone),
    };
    return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
