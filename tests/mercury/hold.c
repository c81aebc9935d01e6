/*
 * hold.c - a program of Windows that has a file open, for the tests: hold.exe FILE alone|mapped. `alone` lets
 * nobody replace it, as some editors and virus scanners do; `mapped` has it in memory and lets others do what
 * they like. It says "held", waits for the end of its standard input, and then prints what it sees of the file.
 */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

static char *view_of(HANDLE file)
{
    HANDLE section = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 0, NULL);
    return section ? MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0) : NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    BOOL alone = strcmp(argv[2], "alone") == 0;
    DWORD share = alone ? 0 : FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    HANDLE file = CreateFileA(argv[1], GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL);
    char *view = file == INVALID_HANDLE_VALUE || alone ? NULL : view_of(file);
    DWORD size = file == INVALID_HANDLE_VALUE ? 0 : GetFileSize(file, NULL);
    if (file == INVALID_HANDLE_VALUE || (!alone && !view)) {
        fprintf(stderr, "hold: error %lu\n", GetLastError());
        return 3;
    }
    if (!alone)
        CloseHandle(file); /* the view keeps it */
    _setmode(1, _O_BINARY);
    puts("held");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    if (view)
        fwrite(view, 1, size, stdout);
    return 0;
}
