"""LiWi, the layered diffusion model for photographs (paper 1, section 4), on Qwen-Image-Layered in diffusers.

    layout     which frames a sequence of tokens holds           flow       the straight paths between noise and data, and their signs
    positions  rotary positions, shared by degraded frames       attention  what each token may look at
    latents    pixels <-> latents <-> packed tokens              text       captions as the transformer reads them
    components the networks, tiny and full                       pipeline   a picture and prompts in, layers and S out

torch and diffusers are imported by these modules, and these modules by whoever samples or trains: never when the app starts.
"""
