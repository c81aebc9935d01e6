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
        /* not after an empty line, but in full */
        {"From a@b  Thu Jul 24 01:11:45 2003\nA: b\n\nx\nFrom a@b Thu Jul 24 01:11:45 2003\nA: c\n", 2},
        /* no postmarks: not after an empty line and without a weekday, not dated, no field after it, quoted */
        {"From a@b  Thu Jul 24 01:11:45 2003\nA: b\n\nx\nFrom a@b Jul 24 01:11:45 2003\nA: c\n", 1},
        {"From a@b  Thu Jul 24 01:11:45 2003\nA: b\n\nx\nFrom a@b Thu Jul 24 01:11:45 2003\nsaid he\n", 1},
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
        {/* lines above were added later, lines below came from the client */
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
         "\n# f\nconnect 192.88.98.1 unknown\nunknown name helo mail rcpt\nC: MAIL FROM:<>\nC: RCPT "
         "TO:<postmaster>\nC: DATA\n"
         "C: A: b\nC:\nC: .\n"},
        {/* a null sender is a sender */
         "Return-Path: <>\n" MX "A: b\n", NULL,
         "\n# f\n" HEAD
         "C: EHLO helo.example\nC: MAIL FROM:<>\nC: RCPT TO:<u@example.com>\nC: DATA\nC: A: b\nC:\nC: .\n"},
        {/* the server that is named, not the first public client; its own loopback is passed over; who passed
            the message on may have changed the sender */
         "Return-Path: <s@example.net>\nReceived: from x (x [192.88.98.9]) by store.example with SMTP; Thu, 24 "
         "Jul 2003 03:00:00 -0700\n"
         "Received: from mx.example.com ([127.0.0.1]) by mx.example.com; Thu, 24 Jul 2003 02:00:00 -0700\n" MX
         "A: b\n",
         "example.com",
         "\n# f\n" HEAD "unknown mail\nC: EHLO helo.example\nC: MAIL FROM:<>\nC: RCPT TO:<u@example.com>\nC: "
         "DATA\nC: A: b\nC:\nC: .\n"},
        {"Return-Path: <s@example.net>\nReceived: from x (x [192.88.98.9]) by store.example; Thu, 24 Jul 2003 "
         "03:00:00 -0700\n" MX "A: b\n",
         "mx[.]*",
         "\n# f\n" HEAD "unknown mail\nC: EHLO helo.example\nC: MAIL FROM:<>\nC: RCPT TO:<u@example.com>\nC: "
         "DATA\nC: A: b\nC:\nC: .\n"},
        {/* a postmark without a name */
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
        assert_int_equal(counts.no_received + counts.unknown_form, cases[i].dialogue[0] == '\0');
    }
}

#define TOP "Return-Path: <s@example.net>\n" MX
#define FROM                                                                                                   \
    "# f\n" HEAD "C: EHLO helo.example\nC: MAIL FROM:<s@example.net>\nC: RCPT TO:<u@example.com>\nC: DATA\n"

/* What the server put among the client's fields is left out; what came with the message stays. */
static void transcript_message__added_fields__left_out(void **state)
{
    static const struct {
        const char *fields, *kept;
    } cases[] = {
        {"Authentication-Results: mx.example.com; spf=pass\nA: b\n", "A: b\n"},
        {"Authentication-Results: example.com; spf=pass\nA: b\n", "A: b\n"},
        {"Authentication-Results: mx.sender.example; spf=pass\n",
         "Authentication-Results: mx.sender.example; spf=pass\n"},
        {"Authentication-Results: badexample.com; x\n", "Authentication-Results: badexample.com; x\n"},
        {"Authentication-Results: mx.sender.example; x=mx.example.com\n",
         "Authentication-Results: mx.sender.example; x=mx.example.com\n"},
        {"ARC-Seal: i=2; a=x; d=example.com; s=y\nARC-Message-Signature: i=2; a=x; d=example.com\n"
         "ARC-Authentication-Results: i=2; mx.example.com; x\nARC-Seal: i=1; a=x; d=sender.example\n"
         "ARC-Authentication-Results: i=1; mx.sender.example; x\n",
         "ARC-Seal: i=1; a=x; d=sender.example\nARC-Authentication-Results: i=1; mx.sender.example; x\n"},
        {"Received-SPF: pass (mx.example.com: domain of x)\nA: b\n", "A: b\n"},
        {"X-Spam-Status: No, score=1\nX-Spam-Checker-Version: SpamAssassin 3 on mx.example.com\nA: b\n",
         "A: b\n"},
        {"X-Spam-Status: No\nX-Spam-Checker-Version: SpamAssassin 3 on\n\tmail.sender.example\n",
         "X-Spam-Status: No\nX-Spam-Checker-Version: SpamAssassin 3 on\n\tmail.sender.example\n"},
        {"List-Id: <l.lists.example.com>\nList-Post: <mailto:l@lists.example.com>\nPrecedence: list\nA: b\n",
         "A: b\n"},
        {"List-Id: <l.lists.other.example>\nPrecedence: list\n",
         "List-Id: <l.lists.other.example>\nPrecedence: list\n"},
        {"Precedence: bulk\nA: b\nPrecedence: list\n", "Precedence: bulk\nA: b\n"},
        {"Message-ID: <7B2F0C0E6C8E4D0B9A3F1D2E3C4B5A69@mx.example.com>\nA: b\n", "A: b\n"},
        {"Message-ID: <7b2f0c0e-6c8e-4d0b-9a3f-1d2e3c4b5a69@mx.example.com>\nA: b\n", "A: b\n"},
        {"Message-ID: <7B2F0C0E6C8E4D0B9A3F1D2E3C4B5A69@sender.example>\n",
         "Message-ID: <7B2F0C0E6C8E4D0B9A3F1D2E3C4B5A69@sender.example>\n"},
        {"Message-ID: <reply.to.you@mx.example.com>\n", "Message-ID: <reply.to.you@mx.example.com>\n"},
        {"Message-ID: <5f3.1c69fb81.SMTPIN_ADDED_MISSING@mx.google.com>\nA: b\n", "A: b\n"},
        {"X-MS-Exchange-Organization-SCL: 1\n", "X-MS-Exchange-Organization-SCL: 1\n"},
        {"DKIM-Signature: v=1; d=example.com\n", "DKIM-Signature: v=1; d=example.com\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char file[2048], want[2048], out[4096];
        struct transcript_counts counts;
        struct writer w = writer_on(file, sizeof file), k = writer_on(want, sizeof want);
        writer_printf(&w, "%s%s\nbody\n", TOP, cases[i].fields);
        writer_printf(&k, "\n%s", FROM);
        for (const char *p = cases[i].kept; *p; p = strchr(p, '\n') + 1)
            writer_printf(&k, "C: %.*s\n", (int)(strchr(p, '\n') - p), p);
        writer_printf(&k, "C:\nC: .\n");
        transcribe(file, NULL, "f", out, sizeof out, &counts);
        if (strcmp(out, want) != 0)
            fail_msg("%s gives:\n%s", cases[i].fields, out);
    }
}

/* Who sent it, and where: each with what the transcript must have. */
static void transcript_message__hops__client_and_sender(void **state)
{
    static const struct {
        const char *file, *by, *has, *has_not;
    } cases[] = {
        /* a server that hands it to itself under its public address */
        {"Received: from mx.example.com (mx.example.com [192.88.98.77]) by mx.example.com (Postfix) with ESMTP "
         "id "
         "ABCDEF1; Thu, 24 Jul 2003 02:00:00 -0700\n" MX "A: b\n",
         NULL, "connect 192.88.98.1 ptr.example\n", "192.88.98.77"},
        {"Received: from mx.example.com (192.88.98.77) by mx.example.com (192.88.98.77) with Microsoft SMTP "
         "Server id "
         "14.3; Thu, 24 Jul 2003 02:00:00 -0700\n" MX "A: b\n",
         NULL, "connect 192.88.98.1 ptr.example\n", "192.88.98.77"},
        /* its name in HELO is no proof: spammers use any name */
        {"Received: from mx.example.com (ptr.example [192.88.98.1]) by mx.example.com (Postfix) with ESMTP id "
         "ABCDEF1; "
         "Thu, 24 Jul 2003 02:00:00 -0700\nA: b\n",
         NULL, "C: EHLO mx.example.com\n", NULL},
        /* a list on the same host, and SRS, wrote the Return-Path */
        {"Return-Path: <l-bounces@lists.example.com>\n" MX "List-Post: <mailto:l@lists.example.com>\nA: b\n",
         NULL, "unknown mail\n", "l-bounces"},
        {"Return-Path: <SRS0=abc=xy=sender.example=s@example.com>\n" MX "A: b\n", NULL, "unknown mail\n",
         "SRS0"},
        {"Return-Path: <l-bounces@lists.other.example>\n" MX "List-Post: <mailto:l@lists.other.example>\n",
         NULL, "MAIL FROM:<l-bounces@lists.other.example>\n", "unknown"},
        /* a form that is not known hides what is below */
        {"Received: from something new 192.88.98.9 port 25 by mx.example.com\n" MX "A: b\n", NULL, "",
         "connect"},
        /* Exim and IPv6 */
        {"Received: from [2a00:1::1] (helo=[2a00:1::1]) by mx.example.com with esmtp (Exim 4.96) id "
         "1abcde-0001-AB\nA: b\n",
         NULL, "C: EHLO [IPv6:2a00:1::1]\n", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[4096];
        struct transcript_counts counts;
        transcribe(cases[i].file, cases[i].by, "f", out, sizeof out, &counts);
        if (!strstr(out, cases[i].has) || (cases[i].has_not && strstr(out, cases[i].has_not)))
            fail_msg("case %zu gives:\n%s", i, out);
        assert_int_equal(counts.unknown_form, cases[i].has[0] == '\0');
    }
}

/* Files as programs leave them. */
static void mbox_mend__files_of_every_kind__one_message(void **state)
{
    static const struct {
        const char *file, *mended;
        bool is_mail;
    } cases[] = {
        {"A: b\n\nbody\n", "A: b\n\nbody\n", true},
        {"\xEF\xBB\xBF"
         "A: b\n\nbody\n",
         "A: b\n\nbody\n", true},
        {"A: b\r\rbody\r", "A: b\n\nbody\n", true},
        {"A: b\r\n\r\nbody\r\n", "A: b\r\n\r\nbody\r\n", true},
        {"A: b\n\nbody\n\x1a", "A: b\n\nbody\n", true},
        {"17        \nA: b\n\nbody text\n<?xml version=\"1.0\"?>\n<plist/>\n", "A: b\n\nbody text\n<", true},
        {"16\nA: b\n\nbody text\n<?xml?>\n", "A: b\n\nbody text\n", true},
        {"99999\nA: b\n\nbody\n", "A: b\n\nbody\n", true},
        {"3 V1 N1\n1 :x\n", "3 V1 N1\n1 :x\n", false},
        {"12\nno field\n", "12\nno field\n", false},
        {"\x89PNG\r\n\x1a\n", "\x89PNG\r\n\x1a\n", false},
        {"", "", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *memory = NULL;
        struct text exactly = exact(cases[i].file), file = exactly;
        assert_true(mbox_mend(&file, &memory));
        if (!text_eq(file, text_z(cases[i].mended)) || mbox_is_mail(file) != cases[i].is_mail)
            fail_msg("case %zu gives '%.*s'", i, (int)file.n, file.p);
        free(memory);
        exact_free(exactly);
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
        cmocka_unit_test(transcript_message__added_fields__left_out),
        cmocka_unit_test(transcript_message__hops__client_and_sender),
        cmocka_unit_test(mbox_mend__files_of_every_kind__one_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
