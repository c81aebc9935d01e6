#include "core/base/writer.h"
#include "tests/unit/lib/exact.h"

#include "core/pattern/pattern.h"
#include "tools/transcript/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define MX                                                                                                     \
    "Received: from helo.example (ptr.example [192.88.98.1])\r\n\tby mx.example.com (8.11.6/8.11.6) with "     \
    "ESMTP id g869r0C29204\r\n"                                                                                \
    "\tfor <u@example.com>; Thu, 24 Jul 2003 01:11:45 -0700\r\n"

static void mbox_next__files_of_every_kind__messages_counted(void **state)
{
    static const struct {
        const char *file;
        unsigned messages;
    } cases[] = {
        {"", 0},
        {"A: b\n\nbody\n", 1},
        {"A: b\r\n\r\nbody\r\n", 1},
        {"A: b", 1},
        {"no header\n", 1},
        {"From a@b  Thu Jul 24 01:11:45 2003\nA: b\n\nbody\n\nFrom a@b Thu Jul 24 01:11:45 2003\nA: "
         "c\n\nbody\n",
         2},
        {"From a@b  Thu Jul 24 01:11:45 2003\r\nA: b\r\n\r\nx\r\n\r\nFrom - Thu Jul 24 01:11:45 2003\r\nA: "
         "c\r\n\r\n",
         2},
        {"From a@b  Thu Jul 24 01:11:45 2003\nA: b\n\n\nFrom a@b Thu Jul 24 01:11 EST 2003\nA: c\n", 2},
        /* no postmarks: not behind an empty line, not dated, no field behind it, quoted */
        {"From a@b  Thu Jul 24 01:11:45 2003\nA: b\n\nx\nFrom a@b Thu Jul 24 01:11:45 2003\nA: c\n", 1},
        {"From a@b  Thu Jul 24 01:11:45 2003\nA: b\n\n\nFrom here on: all is well\n\nx", 1},
        {"From a@b  Thu Jul 24 01:11:45 2003\nA: b\n\n\nFrom a@b Thu Jul 24 01:11:45 2003\nsaid he\n", 1},
        {"From a@b  Thu Jul 24 01:11:45 2003\nA: b\n\n\n>From a@b Thu Jul 24 01:11:45 2003\nA: c\n", 1},
        /* one message a file stays one, whatever is in it */
        {"A: b\n\n\nFrom a@b Thu Jul 24 01:11:45 2003\nA: c\n", 1},
        {"\n\nFrom a@b  Thu Jul 24 01:11:45 2003\nA: b\n\n\nFrom a@b Thu Jul 24 01:11:45 2003\nA: c\n", 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mbox s;
        struct mbox_message m;
        unsigned n = 0;
        struct text file = exact(cases[i].file);
        mbox_init(&s, file);
        while (mbox_next(&s, &m))
            n++;
        if (n != cases[i].messages)
            fail_msg("%s\n gives %u messages", cases[i].file, n);
        exact_free(file);
    }
}

static void mbox_field__header__fields_as_they_are(void **state)
{
    struct mbox s;
    struct mbox_message m;
    struct text lines;
    struct text name;
    (void)state;
    struct text file = exact(">From x y\nOne: 1\r\n\t2\r\n \r\nTwo : 3\nno field\nThree: 4\n");
    mbox_init(&s, file);
    assert_true(mbox_next(&s, &m));
    assert_true(mbox_field(&m.header, &lines, &name));
    assert_true(text_eq(lines, TEXT("One: 1\r\n\t2\r\n ")));
    assert_true(mbox_field(&m.header, &lines, &name));
    assert_true(text_eq(name, TEXT("Two")));
    assert_true(text_eq(lines, TEXT("Two : 3")));
    assert_false(mbox_field(&m.header, &lines, &name));
    exact_free(file);
}

static void transcript_label__paths__last_clear_word(void **state)
{
    static const struct {
        const char *path;
        const char *label;
    } cases[] = {
        {"spam/1.txt", "spam"},    {"corpus/ham/easy-ham-1/1", "ham"}, {"spamassassin/x", ""},
        {"spam-1/x", "spam"},      {"/home/hamilton/mail", ""},        {"Junk/SPAM_2003.mbox", "spam"},
        {"spam/ham/1.txt", "ham"}, {"ham/spam-and-ham/1", "ham"},      {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_true(text_eq(transcript_label(text_z(cases[i].path)), text_z(cases[i].label)));
}

static void put_writer(void *context, const char *bytes, size_t n)
{
    writer_add(context, text_of(bytes, n));
}

/* The transcript of FILE, in OUT. */
static void transcribe(const char *file, const char *by, const char *source, char *out, size_t cap,
                       struct transcript_counts *counts)
{
    static unsigned char code[PATTERN_CODE_MAX];
    struct writer w = writer_on(out, cap);
    struct transcript t;
    struct mbox s;
    struct mbox_message m;
    struct text bytes = exact(file);
    transcript_init(&t, put_writer, &w);
    if (by) {
        t.by_domain = text_z(by);
        t.by_size = pattern_compile(text_z(by), code, sizeof code, NULL, &(struct pattern_error){0});
        t.by_code = code;
    }
    mbox_init(&s, bytes);
    while (mbox_next(&s, &m))
        assert_true(transcript_message(&t, source, s.rest.n || s.number > 1 ? s.number : 0, &m));
    *counts = t.counts;
    transcript_fini(&t);
    exact_free(bytes);
}

#define HEAD "time 2003-07-24T01:11:45-07:00\nconnect 192.88.98.1 ptr.example\n"

static void transcript_message__cases__dialogue(void **state)
{
    static const struct {
        const char *file;
        const char *by;
        const char *dialogue;
    } cases[] = {
        {/* what stands above was added later, what stands below came from the client */
         "Return-Path: <s@example.net>\r\nDelivered-To: u@example.com\r\n" MX
         "Received: by helo.example; Thu, 24 Jul 2003 01:00:00 -0700\r\nDelivered-To: list@example.net\r\n"
         "Subject: a\r\n\t.b\r\nStatus: RO\r\n.Odd: c\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n.\r\n",
         NULL,
         "\n# f\n" HEAD
         "C: EHLO helo.example\nC: MAIL FROM:<s@example.net>\nC: RCPT TO:<u@example.com>\nC: DATA\n"
         "C: Received: by helo.example; Thu, 24 Jul 2003 01:00:00 -0700\nC: Delivered-To: list@example.net\n"
         "C: Subject: a\nC: \t.b\nC: ..Odd: c\nC: Message-ID: <1@x>\nC:\nC: .\n"},
        {/* a Message-ID made of the server's queue id; what local delivery and fetchmail wrote on top */
         "From s@example.net  Thu Jul 24 01:11:45 2003\n"
         "Received: from localhost (x [127.0.0.1]) by home.example (Postfix) id X; Thu, 24 Jul 2003 02:00:00 "
         "-0700\n"
         "Received: from pop.example [192.88.98.77] by localhost with POP3 (fetchmail); Thu, 24 Jul 2003 "
         "02:00:00 -0700\n" MX "Message-Id: <200307240811.g869r0C29204@mx.example.com>\nSubject: a\n",
         NULL,
         "\n# f\n" HEAD
         "C: EHLO helo.example\nC: MAIL FROM:<s@example.net>\nC: RCPT TO:<u@example.com>\nC: DATA\n"
         "C: Subject: a\nC:\nC: .\n"},
        {/* nothing but the address */
         "Received: from [192.88.98.1] by mx.example.com\nA: b\n", NULL,
         "\n# f\nconnect 192.88.98.1 unknown\nunknown helo mail rcpt\nC: MAIL FROM:<>\nC: RCPT "
         "TO:<postmaster>\nC: DATA\n"
         "C: A: b\nC:\nC: .\n"},
        {/* a null sender is a sender */
         "Return-Path: <>\n" MX "A: b\n", NULL,
         "\n# f\n" HEAD
         "C: EHLO helo.example\nC: MAIL FROM:<>\nC: RCPT TO:<u@example.com>\nC: DATA\nC: A: b\nC:\nC: .\n"},
        {/* the server that is named, not the first public client; its own loopback is passed over */
         "Return-Path: <s@example.net>\nReceived: from x (x [192.88.98.9]) by store.example with SMTP; Thu, 24 "
         "Jul 2003 03:00:00 -0700\n"
         "Received: from mx.example.com ([127.0.0.1]) by mx.example.com; Thu, 24 Jul 2003 02:00:00 -0700\n" MX
         "A: b\n",
         "example.com",
         "\n# f\n" HEAD "C: EHLO helo.example\nC: MAIL FROM:<s@example.net>\nC: RCPT TO:<u@example.com>\nC: "
         "DATA\nC: A: b\nC:\nC: .\n"},
        {"Return-Path: <s@example.net>\nReceived: from x (x [192.88.98.9]) by store.example; Thu, 24 Jul 2003 "
         "03:00:00 -0700\n" MX "A: b\n",
         "mx[.]*",
         "\n# f\n" HEAD "C: EHLO helo.example\nC: MAIL FROM:<s@example.net>\nC: RCPT TO:<u@example.com>\nC: "
         "DATA\nC: A: b\nC:\nC: .\n"},
        {/* a postmark that names nobody */
         "From -  Thu Jul 24 01:11:45 2003\n" MX "A: b\n", NULL,
         "\n# f\n" HEAD
         "unknown mail\nC: EHLO helo.example\nC: MAIL FROM:<>\nC: RCPT TO:<u@example.com>\nC: DATA\n"
         "C: A: b\nC:\nC: .\n"},
        {MX "A: b\n", "ample.com", ""},
        {"Subject: local mail\n\nbody\n", NULL, ""},
        {"Received: from x (x [10.0.0.1]) by y; Thu, 24 Jul 2003 03:00:00 -0700\nA: b\n", NULL, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[4096];
        struct transcript_counts counts;
        transcribe(cases[i].file, cases[i].by, "f", out, sizeof out, &counts);
        if (strcmp(out, cases[i].dialogue) != 0)
            fail_msg("case %zu gives:\n%s", i, out);
        assert_int_equal(counts.sessions, cases[i].dialogue[0] != '\0');
        assert_int_equal(counts.no_received, cases[i].dialogue[0] == '\0');
    }
}

static void transcript_message__control_bytes__cannot_make_lines(void **state)
{
    char out[4096];
    struct transcript_counts counts;
    (void)state;
    transcribe("Return-Path: <s@example.net>\nReceived: from a\rC: QUIT ([192.88.98.1]) by x; Thu, 24 Jul 2003 "
               "03:00:00 GMT\n"
               "A: b\rc\n",
               NULL, "spam/a\nb", out, sizeof out, &counts);
    assert_non_null(strstr(out, "# spam/a b\nlabel spam\n"));
    assert_non_null(strstr(out, "C: EHLO a C: QUIT\n"));
    assert_non_null(strstr(out, "C: A: b c\n"));
    assert_null(strchr(out, '\r'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mbox_next__files_of_every_kind__messages_counted),
        cmocka_unit_test(mbox_field__header__fields_as_they_are),
        cmocka_unit_test(transcript_label__paths__last_clear_word),
        cmocka_unit_test(transcript_message__cases__dialogue),
        cmocka_unit_test(transcript_message__control_bytes__cannot_make_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
