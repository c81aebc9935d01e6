/* Text files as they lie about, through the reader of lines, the reader of whole files and that of dialogues. */
#include "tests/unit/lib/table_helper.h"

#include <errno.h>
#include <zlib.h>

#include "tools/lib/input.h"
#include "tools/lib/lines.h"
#include "tools/replay/dialogue.h"

static const struct {
    const char *label;
    struct text bytes;
    const char *lines; /* joined by '|'; NULL: it is refused */
} cases[] = {
    {"LF", {"a\nb\n", 4}, "a|b|"},
    {"no end of the last line", {"a\nb", 3}, "a|b|"},
    {"CRLF", {"a\r\n\r\nb\r\n", 8}, "a||b|"},
    {"CR alone", {"a\rb\r\rc", 6}, "a|b||c|"},
    {"a CR within a line stays", {"a\rb\nc\n", 6}, "a\rb|c|"},
    {"byte order mark",
     {"\xEF\xBB\xBF"
      "a\n",
      5},
     "a|"},
    {"byte order mark, CR alone",
     {"\xEF\xBB\xBF"
      "a\rb",
      6},
     "a|b|"},
    {"Ctrl-Z at the end", {"a\r\n\x1A", 4}, "a|"},
    {"Ctrl-Z after the last line", {"a\nb\x1A", 4}, "a|b|"},
    {"Ctrl-Z alone", {"\x1A", 1}, ""},
    {"Ctrl-Z within stays",
     {"a\x1A"
      "b\n",
      4},
     "a\x1A"
     "b|"},
    {"empty", {"", 0}, ""},
    {"UTF-16, little end first",
     {"\xFF\xFE"
      "a\0\n\0",
      6},
     NULL},
    {"UTF-16, big end first", {"\xFE\xFF\0a\0\n", 6}, NULL},
    {"UTF-16 without a mark", {"a\0b\0\n\0", 6}, NULL},
    {"zstd", {"\x28\xB5\x2F\xFD\x24", 5}, NULL},
    {"xz",
     {"\xFD"
      "7zXZ\0",
      6},
     NULL},
    {"bzip2", {"BZh91AY", 7}, NULL},
    {"zip", {"PK\x03\x04", 4}, NULL},
};

enum { CASES = sizeof cases / sizeof *cases };

/* The lines that the file has, or NULL if it is refused; then PROBLEMS says why. */
static const char *read_with_lines(void)
{
    static char memory[400];
    struct writer w = writer_on(memory, sizeof memory);
    struct lines l;
    struct text line;
    int error = 0, more;
    assert_int_equal(lines_open(&l, in_path), 0);
    while ((more = lines_next(&l, &line, &error)) > 0) {
        writer_add(&w, line);
        writer_char(&w, '|');
    }
    if (more < 0)
        lines_reason(&l, error, problems, sizeof problems);
    lines_close(&l);
    return more < 0 ? NULL : memory;
}

static void write_gzip(struct text bytes, size_t packed_less)
{
    gzFile f = gzopen(in_path, "wb");
    assert_non_null(f);
    if (bytes.n)
        assert_int_equal(gzwrite(f, bytes.p, (unsigned)bytes.n), (int)bytes.n);
    assert_int_equal(gzclose(f), Z_OK);
    if (packed_less) {
        char *packed;
        size_t n;
        struct file_id id;
        assert_int_equal(os_read(in_path, 1 << 20, &packed, &n, &id), 0);
        write_file(in_path, text_of(packed, n - packed_less));
        free(packed);
    }
}

static void lines__every_kind_of_file__plain_and_packed(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++)
        for (unsigned packed = 0; packed < 2; packed++) {
            if (packed)
                write_gzip(cases[i].bytes, 0);
            else
                write_file(in_path, cases[i].bytes);
            const char *got = read_with_lines();
            if (!got != !cases[i].lines || (got && strcmp(got, cases[i].lines) != 0))
                fail_msg("%s%s: '%s'", cases[i].label, packed ? ", packed" : "", got ? got : problems);
        }
}

static void lines__cut_gzip__is_said(void **state)
{
    (void)state;
    write_gzip(TEXT("a line\nanother line\n"), 6);
    while (read_with_lines())
        fail_msg("read as if it were whole");
    assert_string_equal(problems, "is a damaged gzip file");
    struct input in;
    char reason[160];
    int error = input_open(in_path, &in);
    assert_int_equal(error, EPROTO);
    assert_string_equal(input_reason(&in, error, reason, sizeof reason), "is a damaged gzip file");
}

static void input__every_kind_of_file__plain_and_packed(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++)
        for (unsigned packed = 0; packed < 2; packed++) {
            struct input in;
            char reason[160];
            if (packed)
                write_gzip(cases[i].bytes, 0);
            else
                write_file(in_path, cases[i].bytes);
            int error = input_open(in_path, &in);
            if ((error != 0) != !cases[i].lines)
                fail_msg("%s: %s", cases[i].label, input_reason(&in, error, reason, sizeof reason));
            if (!error &&
                (in.bytes.n != cases[i].bytes.n || memcmp(in.bytes.p, cases[i].bytes.p, in.bytes.n) != 0))
                fail_msg("%s: other bytes", cases[i].label);
            if (error)
                assert_non_null(strstr(input_reason(&in, error, reason, sizeof reason), "it"));
            input_close(&in);
        }
}

/* Two packed files that were joined are one. */
static void input__joined_gzip__both(void **state)
{
    (void)state;
    char *one;
    size_t n;
    struct file_id id;
    struct input in;
    write_gzip(TEXT("a\n"), 0);
    assert_int_equal(os_read(in_path, 1 << 20, &one, &n, &id), 0);
    char both[200];
    assert_true(2 * n < sizeof both);
    memcpy(both, one, n);
    memcpy(both + n, one, n);
    free(one);
    write_file(in_path, text_of(both, 2 * n));
    assert_int_equal(input_open(in_path, &in), 0);
    assert_int_equal(in.bytes.n, 4);
    assert_memory_equal(in.bytes.p, "a\na\n", 4);
    input_close(&in);
    assert_string_equal(read_with_lines(), "a|a|");
}

static void dialogue__every_end_of_line__the_same_items(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    for (size_t i = 0; i < 3; i++)
        for (unsigned extra = 0; extra < 4; extra++) {
            char bytes[300];
            struct writer w = writer_on(bytes, sizeof bytes);
            struct report report = {.problem = take_problem};
            struct dialogue d;
            struct item item;
            unsigned items = 0;
            writer_printf(&w, "%s# a dialogue%sconnect 192.0.2.1 unknown%sC: EHLO x%sS: 250%s%s",
                          extra & 1 ? "\xEF\xBB\xBF" : "", ends[i], ends[i], ends[i], ends[i],
                          extra & 2 ? "\x1A" : "");
            problems[0] = '\0';
            dialogue_init(&d, "d", writer_text(&w), &report);
            while (dialogue_next(&d, &item))
                items++;
            if (items != 3 || report.errors || item.line != 4)
                fail_msg("%zu, %u: %u items, %s", i, extra, items, problems);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines__every_kind_of_file__plain_and_packed),
        cmocka_unit_test(lines__cut_gzip__is_said),
        cmocka_unit_test(input__every_kind_of_file__plain_and_packed),
        cmocka_unit_test(input__joined_gzip__both),
        cmocka_unit_test(dialogue__every_end_of_line__the_same_items),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
