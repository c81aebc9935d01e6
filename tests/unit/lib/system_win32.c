#include "system.h"
#include "program_win32.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <windows.h>

#include <psapi.h>

/* A process with this status was killed. One that crashed has a status of the system's, larger than any of
 * ours. */
enum { KILLED = 0x6b696c6c, STATUS_MAX = 255 };

static void must(bool holds)
{
    if (!holds) {
        fprintf(stderr, "the test cannot go on: error %lu\n", GetLastError());
        fflush(NULL);
        abort();
    }
}

static void join_path(char *out, size_t cap, const char *folder, const char *name)
{
    int n = snprintf(out, cap, "%s/%s", folder, name);
    must(n > 0 && (size_t)n < cap);
}

void folder_make_own(char *out, size_t cap)
{
    static LONG made;
    char parent[MAX_PATH], plain[MAX_PATH];
    DWORD n = GetTempPathA(sizeof parent, parent);
    must(n > 0 && n < sizeof parent);
    /* The short form has no blanks, where the volume has short forms. */
    n = GetShortPathNameA(parent, plain, sizeof plain);
    must(n > 0 && n < sizeof plain);
    for (char *p = plain; *p; p++)
        *p = *p == '\\' ? '/' : *p;
    do {
        int length = snprintf(out, cap, "%sgatepost-test-%lx-%lx", plain, GetCurrentProcessId(),
                              InterlockedIncrement(&made));
        must(length > 0 && (size_t)length < cap && !strchr(out, ' '));
        if (CreateDirectoryA(out, NULL))
            return;
    } while (GetLastError() == ERROR_ALREADY_EXISTS);
    must(false);
}

void folder_make(const char *path)
{
    must(CreateDirectoryA(path, NULL));
}

bool folder_remove(const char *path)
{
    return RemoveDirectoryA(path);
}

void folder_remove_all(const char *path)
{
    char inside[MAX_PATH];
    WIN32_FIND_DATAA found;
    join_path(inside, sizeof inside, path, "*");
    HANDLE search = FindFirstFileA(inside, &found);
    must(search != INVALID_HANDLE_VALUE);
    do {
        if (strcmp(found.cFileName, ".") == 0 || strcmp(found.cFileName, "..") == 0)
            continue;
        join_path(inside, sizeof inside, path, found.cFileName);
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            folder_remove_all(inside);
        else
            must(SetFileAttributesA(inside, FILE_ATTRIBUTE_NORMAL) && DeleteFileA(inside));
    } while (FindNextFileA(search, &found));
    FindClose(search);
    must(RemoveDirectoryA(path));
}

unsigned folder_count(const char *path, const char *prefix, char *name, size_t cap)
{
    char inside[MAX_PATH];
    WIN32_FIND_DATAA found;
    unsigned count = 0;
    join_path(inside, sizeof inside, path, "*");
    HANDLE search = FindFirstFileA(inside, &found);
    must(search != INVALID_HANDLE_VALUE);
    do {
        if (found.cFileName[0] == '.' || strncmp(found.cFileName, prefix, strlen(prefix)) != 0)
            continue;
        count++;
        if (name)
            snprintf(name, cap, "%s", found.cFileName);
    } while (FindNextFileA(search, &found));
    FindClose(search);
    return count;
}

void folder_here(char *out, size_t cap)
{
    DWORD n = GetCurrentDirectoryA((DWORD)cap, out);
    must(n > 0 && n < cap);
}

void folder_enter(const char *path)
{
    must(SetCurrentDirectoryA(path));
}

bool file_exists(const char *path)
{
    return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

/* Windows names a mapped file by its device; so what comes behind the drive is compared, which no other file of
 * a test has. */
unsigned file_times_mapped(const char *path)
{
    char name[MAX_PATH], wanted[MAX_PATH];
    unsigned n = 0;
    MEMORY_BASIC_INFORMATION m;
    snprintf(wanted, sizeof wanted, "%s", strchr(path, ':') ? strchr(path, ':') + 1 : path);
    for (char *p = wanted; *p; p++)
        *p = *p == '/' ? '\\' : *p;
    const size_t length = strlen(wanted);
    for (unsigned char *at = NULL; VirtualQuery(at, &m, sizeof m) == sizeof m; at += m.RegionSize) {
        if (m.Type != MEM_MAPPED || m.BaseAddress != m.AllocationBase)
            continue;
        DWORD got = GetMappedFileNameA(GetCurrentProcess(), m.BaseAddress, name, sizeof name);
        n += got >= length && got < sizeof name && _stricmp(name + got - length, wanted) == 0;
    }
    return n;
}

void file_cut(const char *path, size_t size)
{
    HANDLE file = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    LARGE_INTEGER end = {.QuadPart = (LONGLONG)size};
    must(file != INVALID_HANDLE_VALUE);
    must(SetFilePointerEx(file, end, NULL, FILE_BEGIN) && SetEndOfFile(file));
    CloseHandle(file);
}

int output_to(int fd, const char *path)
{
    fflush(NULL);
    int saved = _dup(fd), to = _open(path, _O_WRONLY | _O_CREAT | _O_TRUNC | _O_BINARY, _S_IREAD | _S_IWRITE);
    must(saved >= 0 && to >= 0 && _dup2(to, fd) == 0);
    _close(to);
    return saved;
}

void output_back(int fd, int saved)
{
    fflush(NULL);
    must(_dup2(saved, fd) == 0);
    _close(saved);
}

/* A function is found by where it is behind the beginning of the program, which may lie elsewhere each time. */
static uintptr_t program_begin(void)
{
    return (uintptr_t)GetModuleHandleA(NULL);
}

void child_start(struct child *child, int (*run)(const void *context), const void *context, size_t n)
{
    static char command[MAX_PATH + 100 + 2 * CHILD_CONTEXT_MAX];
    char program[MAX_PATH];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    must(n <= CHILD_CONTEXT_MAX);
    DWORD length = GetModuleFileNameA(NULL, program, sizeof program);
    must(length > 0 && length < sizeof program);
    int used = snprintf(command, sizeof command, "\"%s\" --child %lx ", program,
                        (unsigned long)((uintptr_t)run - program_begin()));
    for (size_t i = 0; i < n; i++)
        used += snprintf(command + used, 3, "%02x", ((const unsigned char *)context)[i]);
    fflush(NULL);
    must(CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process));
    CloseHandle(process.hThread);
    child->handle = (intptr_t)process.hProcess;
}

int child_run(const char *where, const char *text)
{
    static _Alignas(16) unsigned char context[CHILD_CONTEXT_MAX];
    int (*run)(const void *context) = (int (*)(const void *))(program_begin() + strtoul(where, NULL, 16));
    for (size_t i = 0; text[0] && text[1] && i < sizeof context; i++, text += 2) {
        const char byte[] = {text[0], text[1], '\0'};
        context[i] = (unsigned char)strtoul(byte, NULL, 16);
    }
    return run(context);
}

int child_wait(struct child *child)
{
    DWORD status = 0;
    HANDLE process = (HANDLE)child->handle;
    must(WaitForSingleObject(process, INFINITE) == WAIT_OBJECT_0 && GetExitCodeProcess(process, &status));
    CloseHandle(process);
    child->handle = 0;
    return status <= STATUS_MAX ? (int)status : CHILD_KILLED;
}

void child_kill(const struct child *child)
{
    must(TerminateProcess((HANDLE)child->handle, KILLED));
}

void child_die(void)
{
    TerminateProcess(GetCurrentProcess(), KILLED);
    for (;;)
        Sleep(INFINITE);
}

static DWORD WINAPI begin(void *context)
{
    struct thread *thread = context;
    thread->result = thread->run(thread->context);
    return 0;
}

void thread_start(struct thread *thread, unsigned (*run)(void *context), void *context)
{
    thread->run = run;
    thread->context = context;
    HANDLE handle = CreateThread(NULL, 0, begin, thread, 0, NULL);
    must(handle != NULL);
    thread->handle = (uintptr_t)handle;
}

unsigned thread_join(struct thread *thread)
{
    must(WaitForSingleObject((HANDLE)thread->handle, INFINITE) == WAIT_OBJECT_0);
    CloseHandle((HANDLE)thread->handle);
    return thread->result;
}

void thread_yield(void)
{
    SwitchToThread();
}

void pause_us(unsigned microseconds)
{
    Sleep((microseconds + 999) / 1000);
}
