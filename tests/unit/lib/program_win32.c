/*
 * Every unit test and every fuzz target with its corpus, as one program. The Makefile compiles each with its
 * main function, or its LLVMFuzzerTestOneInput, under the name of its file, and lists them in programs.h.
 *
 *   unit.exe                 runs each test in a process of its own; a line each, at the end "N passed, N
 * failed" unit.exe --fuzz FOLDER   the same for the fuzz targets over the corpora in FOLDER unit.exe test_ip
 * runs one test, and prints TAP unit.exe fuzz_log FILE…  runs one fuzz target over files, and prints TAP
 */
#include "program_win32.h"
#include "system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#define UNIT_TEST(name)   int name(void);
#define FUZZ_TARGET(name) int name(const uint8_t *data, size_t size);
#include "programs.h"
#undef UNIT_TEST
#undef FUZZ_TARGET

struct program {
    const char *name;
    int (*test)(void);
    int (*target)(const uint8_t *data, size_t size);
};

#define UNIT_TEST(name)   {#name, name, NULL},
#define FUZZ_TARGET(name) {#name, NULL, name},
static const struct program programs[] = {
#include "programs.h"
};

/* The one that runs longest needs a minute or two. */
enum { TIMEOUT_MS = 900000, DIED = 255 };

static unsigned passed, failed;

static int run_over_file(const struct program *p, const char *path, int number)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    size_t n = 0;
    if (file && fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        bytes = size < 0 ? NULL : malloc((size_t)size + 1);
        rewind(file);
        if (bytes)
            n = fread(bytes, 1, (size_t)size, file);
        if (bytes && n != (size_t)size) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (file)
        fclose(file);
    if (!bytes) {
        printf("not ok %d - %s cannot be read\n", number, path);
        return 1;
    }
    /* Before, too, so that one that dies is known. */
    printf("# %s\n", path);
    fflush(stdout);
    p->target(bytes, n);
    printf("ok %d - %s\n", number, path);
    free(bytes);
    return 0;
}

/* One test, or one target over files, in this process. Returns the exit status. */
static int run_here(const char *name, int count, char **paths)
{
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        int bad = 0;
        if (strcmp(programs[i].name, name) != 0)
            continue;
        if (programs[i].test) {
            _putenv("CMOCKA_MESSAGE_OUTPUT=TAP");
            return programs[i].test();
        }
        for (int k = 0; k < count; k++)
            bad += run_over_file(&programs[i], paths[k], k + 1);
        return bad;
    }
    fprintf(stderr, "unit.exe: there is no '%s'\n", name);
    return 2;
}

/* Starts this program with these words and its output in the file at PATH. Returns its exit status, DIED if
 * that is none of ours. */
static DWORD run_apart(const char *words, const char *path)
{
    static char command[32000];
    char program[MAX_PATH];
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    STARTUPINFOA start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    DWORD status = DIED;
    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(command, sizeof command, "\"%s\" %s", program, words);
    HANDLE out = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, CREATE_ALWAYS,
                             FILE_ATTRIBUTE_NORMAL, NULL);
    start.hStdOutput = start.hStdError = out;
    if (CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process)) {
        if (WaitForSingleObject(process.hProcess, TIMEOUT_MS) != WAIT_OBJECT_0)
            TerminateProcess(process.hProcess, DIED);
        WaitForSingleObject(process.hProcess, INFINITE);
        GetExitCodeProcess(process.hProcess, &status);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    CloseHandle(out);
    return status;
}

/* Counts what the file at PATH says in TAP; shows it if something was wrong. */
static void judge(const char *name, DWORD status, const char *path)
{
    char line[2000];
    unsigned good = 0, bad = 0, skipped = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        good += strncmp(line, "ok ", 3) == 0;
        if (strncmp(line, "not ok ", 7) == 0) /* cmocka calls those too so that were skipped */
            *(strstr(line, "# SKIP") ? &skipped : &bad) += 1;
    }
    if (bad == 0 && (status != 0 || good == 0))
        bad = 1;
    passed += good;
    failed += bad;
    if (bad == 0)
        printf(skipped ? "ok %s: %u, %u skipped\n" : "ok %s: %u\n", name, good, skipped);
    else
        printf("FAILED %s (status %lu)\n", name, (unsigned long)status);
    if (file)
        rewind(file);
    while (bad && file && fgets(line, sizeof line, file))
        if (strncmp(line, "ok ", 3) != 0)
            printf("    %s", line);
    if (file)
        fclose(file);
    fflush(stdout);
}

/* The words to run a fuzz target over its corpus: FOLDER/fuzz_log, or FOLDER/log. False if it has none. */
static bool corpus_words(const char *folder, const char *name, char *words, size_t cap)
{
    const char *const names[] = {name, name + strlen("fuzz_")};
    size_t used = (size_t)snprintf(words, cap, "%s", name);
    unsigned files = 0;
    for (unsigned i = 0; i < 2 && files == 0; i++) {
        char pattern[MAX_PATH];
        WIN32_FIND_DATAA found;
        snprintf(pattern, sizeof pattern, "%s/%s/*", folder, names[i]);
        HANDLE search = FindFirstFileA(pattern, &found);
        if (search == INVALID_HANDLE_VALUE)
            continue;
        do {
            if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY || used >= cap)
                continue;
            used +=
                (size_t)snprintf(words + used, cap - used, " \"%s/%s/%s\"", folder, names[i], found.cFileName);
            files++;
        } while (FindNextFileA(search, &found));
        FindClose(search);
    }
    return files && used < cap;
}

/* All tests, or all fuzz targets if CORPORA is not NULL. */
static void run_all(const char *corpora)
{
    static char words[30000];
    char folder[120], output[140];
    folder_make_own(folder, sizeof folder);
    snprintf(output, sizeof output, "%s/out", folder);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        const char *name = programs[i].name;
        if (!programs[i].test != (corpora != NULL))
            continue;
        snprintf(words, sizeof words, "%s", name);
        if (corpora && !corpus_words(corpora, name, words, sizeof words)) {
            printf("FAILED %s has no corpus in %s\n", name, corpora);
            failed++;
            continue;
        }
        DWORD status = run_apart(words, output);
        judge(name, status, output);
    }
    folder_remove_all(folder);
    printf("%u passed, %u failed\n", passed, failed);
}

int main(int argc, char **argv)
{
    /* No window is to ask what to do about one that dies. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    if (argc == 4 && strcmp(argv[1], "--child") == 0)
        return child_run(argv[2], argv[3]);
    if (argc == 1 || (argc == 3 && strcmp(argv[1], "--fuzz") == 0)) {
        run_all(argc == 3 ? argv[2] : NULL);
        return failed != 0;
    }
    return run_here(argv[1], argc - 2, argv + 2);
}
