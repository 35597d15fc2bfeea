"""The process in which live2d-py draws with OpenGL in software: ``python -m data_tools.live2d.opengl_worker MEGABYTES``.

Reads requests from its standard input (see `framing`), draws into a buffer without a window or display (EGL, Mesa), and answers with
pixels. A process of its own, because live2d-py runs Cubism Core inside, and because it must be imported before PyOpenGL: the other
way round it aborts.
"""

import contextlib
import os
import sys
from typing import IO, Any

from data_tools.live2d.framing import BrokenMessage, receive, send
from data_tools.live2d.worker import limit_resources

_MASK_BUFFERS = 4


def make_context() -> str:
    """Make an OpenGL context without a window current; returns the renderer's name."""
    from OpenGL import EGL, GL

    display = EGL.eglGetDisplay(EGL.EGL_DEFAULT_DISPLAY)
    if not EGL.eglInitialize(display, None, None):
        raise OSError("EGL does not start")
    EGL.eglBindAPI(EGL.EGL_OPENGL_API)
    wanted = (EGL.EGLint * 5)(EGL.EGL_SURFACE_TYPE, 0, EGL.EGL_RENDERABLE_TYPE, EGL.EGL_OPENGL_BIT, EGL.EGL_NONE)
    configs, count = (EGL.EGLConfig * 1)(), EGL.EGLint()
    EGL.eglChooseConfig(display, wanted, configs, 1, count)
    context = EGL.eglCreateContext(display, configs[0], EGL.EGL_NO_CONTEXT, None)
    if not context or not EGL.eglMakeCurrent(display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, context):
        raise OSError("EGL gives no OpenGL context")
    return str(GL.glGetString(GL.GL_RENDERER).decode())


def draw(live2d: Any, request: dict[str, Any]) -> bytes:
    """Draw one model at one pose: (height, width, 4) uint8, premultiplied, top row first."""
    from OpenGL import GL

    width, height = request["size"]
    texture, framebuffer = GL.glGenTextures(1), GL.glGenFramebuffers(1)
    GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
    GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, GL.GL_RGBA8, width, height, 0, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, None)
    GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MIN_FILTER, GL.GL_LINEAR)
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
    GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0, GL.GL_TEXTURE_2D, texture, 0)
    GL.glViewport(0, 0, width, height)
    model = live2d.Model()
    model.LoadModelJson(request["model"], False)
    model.CreateRenderer(_MASK_BUFFERS)
    model.SetAutoBlink(False)
    model.SetAutoBreath(False)
    model.Resize(width, height)
    model.SetScale(request["scale"])
    model.SetOffset(*request["offset"])
    model.ResetAllParameters()
    for name, value in request["parameters"].items():
        model.SetSaveParamById(name, float(value))
    model.Update(0.0)
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
    GL.glViewport(0, 0, width, height)
    GL.glClearColor(0.0, 0.0, 0.0, 0.0)
    GL.glClear(GL.GL_COLOR_BUFFER_BIT)
    model.Draw()
    GL.glFinish()
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
    GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
    pixels = bytes(GL.glReadPixels(0, 0, width, height, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE))
    row = 4 * width
    return b"".join(pixels[start : start + row] for start in range(row * (height - 1), -1, -row))


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the requests end."""
    try:
        import live2d  # before PyOpenGL, see above

        renderer = make_context()
        live2d.init()
        live2d.enableLog(False)
        live2d.glInit()
    except Exception as error:  # whatever is missing (library, driver, display) becomes the answer
        send(answers, {"refused": f"{type(error).__name__}: {error}"})
        return
    send(answers, {"renderer": renderer})
    while True:
        request, _ = receive(requests)
        send(answers, {}, {"pixels": draw(live2d, request)})


def main() -> None:
    """Serve on the pipes that the parent process holds."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # the banner that live2d-py prints must not mix with the answers
    os.environ.update({"PYOPENGL_PLATFORM": "egl", "EGL_PLATFORM": "surfaceless", "LIBGL_ALWAYS_SOFTWARE": "1"})
    os.environ["MESA_SHADER_CACHE_DISABLE"] = "true"  # it lies in the user's home, where this process may not write
    limit_resources(int(sys.argv[1]))
    with contextlib.suppress(BrokenMessage):
        serve(requests, answers)


if __name__ == "__main__":
    main()
