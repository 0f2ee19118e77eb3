#version 440
// One quad of a wall's tile: a picture, or the signs over it. `place` is in clip space, made in Python with the API's own directions.
layout(location = 0) in vec2 place;
layout(location = 1) in vec2 texture_place;
layout(location = 2) in vec4 how; // x: 1 grey and darker (held); y: 1 signs, with their own alpha; z: 1 red and blue change places; w: 1 plain black
layout(location = 0) out vec2 v_texture_place;
layout(location = 1) out vec4 v_how;

void main()
{
    v_texture_place = texture_place;
    v_how = how;
    gl_Position = vec4(place, 0.0, 1.0);
}
